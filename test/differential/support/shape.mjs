/** Everything that code may ask of an object's shape: what a spread, `in`, `Object.keys`, JSON and the prototype chain show. */
export function shapeOf(object, { listeners = true } = {}) {
  const names = Object.getOwnPropertyNames(object);
  const symbols = Object.getOwnPropertySymbols(object);
  const isShown = (key) => Object.prototype.propertyIsEnumerable.call(object, key);
  const inherited = [];
  for (const key in object) if (!Object.hasOwn(object, key)) inherited.push(key);
  const shape = {
    type: typeof object,
    tag: Object.prototype.toString.call(object),
    keys: Object.keys(object),
    hidden: names.filter((name) => !isShown(name)),
    shownSymbols: symbols.filter(isShown).map(String),
    hiddenSymbols: symbols.filter((symbol) => !isShown(symbol)).map(String),
    spread: Reflect.ownKeys({ ...object }).map(String),
    inherited,
    accessors: names.filter((name) => Object.getOwnPropertyDescriptor(object, name).get !== undefined),
    locked: names.filter((name) => {
      const { configurable, writable, get } = Object.getOwnPropertyDescriptor(object, name);
      return !configurable || (get === undefined && !writable);
    }),
    functions: names
      .filter((name) => typeof Object.getOwnPropertyDescriptor(object, name).value === 'function')
      .map((name) => {
        const { value } = Object.getOwnPropertyDescriptor(object, name);
        return `${name}: ${value.name}/${value.length}`;
      }),
    json: jsonOf(object),
    prototypes: prototypesOf(object),
    isExtensible: Object.isExtensible(object),
  };
  if (listeners && typeof object.eventNames === 'function') {
    shape.listeners = Object.fromEntries(
      object.eventNames().map((name) => [String(name), object.listenerCount(name)]),
    );
  }
  return shape;
}

function jsonOf(object) {
  try {
    const text = JSON.stringify(object);
    return text === undefined ? undefined : Object.keys(JSON.parse(text) ?? {});
  } catch (error) {
    return error.message.split('\n')[0];
  }
}

/** The chain up to Object.prototype, each with what stands on it. */
function prototypesOf(object) {
  const chain = [];
  let prototype = Object.getPrototypeOf(object);
  while (prototype !== null && prototype !== Object.prototype && chain.length < 10) {
    const own = Reflect.ownKeys(prototype).map(String);
    chain.push({ name: prototype.constructor?.name, own: own.length > 60 ? own.sort() : own });
    prototype = Object.getPrototypeOf(prototype);
  }
  return chain;
}

const order = ['gateway', 'order', 'inventory', 'payment', 'product', 'worker'];

/** What the console knows of the shop at the moment. */
export class Watch {
  #url;

  constructor(consoleUrl) {
    this.#url = consoleUrl;
  }

  async get(path) {
    const response = await fetch(`${this.#url}/api/${path}`, { signal: AbortSignal.timeout(10_000) });
    if (!response.ok) throw new Error(`the console answers ${response.status} to ${path}`);
    return response.json();
  }

  async services() {
    const { services } = await this.get('services?window=30s');
    return services.sort((a, b) => order.indexOf(a.service) - order.indexOf(b.service));
  }

  /** Alerts that fire, without the one that always does. */
  async firing() {
    const { alerts } = await this.get('alerts');
    return alerts.filter(({ state, severity }) => state === 'firing' && severity !== 'none');
  }
}

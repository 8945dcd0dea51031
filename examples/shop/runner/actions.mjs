import { once } from 'node:events';
import { createServer } from 'node:http';
import { json } from 'node:stream/consumers';

/** The list of faults for the console, which has a button for each: GET / lists them, POST /NAME breaks or mends one. */
export class Actions {
  /** Set as soon as there is something to break. */
  control;
  #server = createServer((req, res) => this.#answer(req, res));

  async listen() {
    await once(this.#server.listen(0, '127.0.0.1'), 'listening');
    return `http://127.0.0.1:${this.#server.address().port}`;
  }

  close() {
    this.#server.close();
    this.#server.closeAllConnections();
  }

  async #answer(req, res) {
    const say = (status, value) =>
      res.writeHead(status, { 'content-type': 'application/json' }).end(JSON.stringify(value));
    // A page of another origin sends these, the console and the command do not.
    if (req.headers.origin !== undefined) return say(403, { error: 'ask the console' });
    if (req.method === 'GET') return say(200, this.control?.list() ?? []);
    if (req.method !== 'POST') return say(405, { error: 'GET lists the faults, POST breaks or mends one' });
    if (this.control === undefined) return say(503, { error: 'the shop is still starting' });
    try {
      const { active } = await json(req).catch(() => ({}));
      return say(200, { message: await this.control.toggle(req.url.slice(1), active) });
    } catch (error) {
      return say(400, { error: error.message });
    }
  }
}

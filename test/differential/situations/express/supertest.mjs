// supertest against the app in the same process, more failing answers than open a circuit.
export const ends = true;

export async function service({ instrument, observe, errorOf }) {
  const { default: express } = await import('express');
  const { default: request } = await import('supertest');
  const app = express();
  await instrument(app);
  app.get('/ok', (_req, res) => res.json({ fine: true }));
  app.get('/down', (_req, res) => res.status(500).json({ fine: false }));
  const statuses = [];
  for (let nth = 0; nth < 30; nth++) statuses.push((await request(app).get('/down')).status);
  observe('statuses', statuses);
  const { headers, body, type } = await request(app).get('/ok').expect(200).expect('Content-Type', /json/);
  delete headers.date;
  observe('ok', { headers, body, type });
  try {
    await request(app).get('/ok').expect(201);
  } catch (error) {
    observe('failed', errorOf(error));
  }
}

// Calls that nobody waits for, to a receiver that always answers 500: more of them than open a circuit. The process ends as it would.
import http from 'node:http';

export const ends = true;
// An open circuit sends less: what it answers is compared.
export const hidesUpstream = true;

export const upstream = (req, res) => void req.resume().on('end', () => res.writeHead(500).end('down'));

export async function service({ instrument, upstream: url, observe }) {
  await instrument();
  let answered = 0;
  const isFailure = new Set();
  for (let nth = 0; nth < 40; nth++) {
    await new Promise((resolve) => {
      http.get(url, (res) => {
        isFailure.add(res.statusCode >= 500);
        res.resume().on('end', () => {
          answered += 1;
          resolve();
        });
      });
    });
  }
  for (let nth = 0; nth < 40; nth++) {
    const response = await fetch(url, { method: 'POST', body: 'beat' });
    isFailure.add(response.status >= 500);
    await response.text();
    answered += 1;
  }
  observe('answered', { answered, isFailure: [...isFailure] });
}

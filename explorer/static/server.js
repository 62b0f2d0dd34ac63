// Requests to the explorer's own server.

/** The answer to a request; the method POST asks for an action. */
export async function request(path, parameters, method = 'GET') {
  const headers = {accept: 'application/json', ...(method === 'POST' ? {'x-pgraph': 'page'} : {})};
  let reply;
  try {
    reply = await fetch(`/api/${path}?${new URLSearchParams(parameters)}`, {method, headers});
  } catch {
    throw new Error('`pgraph explore` does not answer: it has been stopped. Start it again and open the new link.');
  }
  if (reply.ok) return reply.json();
  const answer = reply.headers.get('content-type')?.includes('json') ? await reply.json() : {error: await reply.text(), hint: ''};
  throw new Error([answer.error, answer.hint].filter(Boolean).join('. '));
}

/** Answers the document, or throws what the daemon said. */
export async function get(path) {
  return read(await fetch(`/api/v1/${path}`, { headers: { accept: "application/json" } }));
}

export async function post(path) {
  return read(await fetch(`/api/v1/${path}`, { method: "POST" }));
}

async function read(response) {
  if (response.status === 401) throw new Error("You are no longer signed in. 'exai dashboard' opens the page anew.");
  const document = await response.json();
  if (!response.ok) throw new Error(document.error ?? `The daemon answered ${response.status}.`);
  return document;
}

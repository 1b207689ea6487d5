// Runs the suite against a server that wants a token, which the suite cannot send: a proxy on loopback adds it and changes nothing else.
//   node run.mjs SERVER_URL REQUIREMENTS [RESULTS_FOLDER]        the token is read from EXAI_WS_TOKEN
import { spawn } from 'node:child_process';
import { createServer, request } from 'node:http';
import { fileURLToPath } from 'node:url';

const [server, requirements, results = 'results'] = process.argv.slice(2);
const target = new URL(server);

const proxy = createServer((incoming, answer) => {
  const headers = { ...incoming.headers, authorization: `Bearer ${process.env.EXAI_WS_TOKEN}` };
  const outgoing = request({ host: target.hostname, port: target.port, path: incoming.url, method: incoming.method, headers }, response => {
    answer.writeHead(response.statusCode, response.headers);
    answer.flushHeaders();
    response.pipe(answer);
  });
  outgoing.on('error', () => answer.destroy());
  answer.on('close', () => outgoing.destroy());
  incoming.pipe(outgoing);
});

proxy.listen(0, '127.0.0.1', () => {
  const cli = fileURLToPath(new URL('node_modules/@modelcontextprotocol/conformance/dist/index.js', import.meta.url));
  const baseline = fileURLToPath(new URL(`expected-failures-${requirements}.yml`, import.meta.url));
  const url = `http://127.0.0.1:${proxy.address().port}${target.pathname}`;
  const suite = spawn(
    process.execPath, [cli, 'server', '--url', url, '--requirements', requirements, '--expected-failures', baseline, '-o', results], { stdio: 'inherit' });
  suite.on('exit', code => process.exit(code ?? 1));
});

// A user of the openai package, driven over stdin: one JSON job a line, and for each one line with what the client understood.
//   {"id":1,"action":"complete"|"stream"|"models","baseURL":"…","apiKey":"…","maxRetries":0,"body":{…}}    {"id":1,"action":"abort"}
import { createInterface } from "node:readline";
import OpenAI from "openai";

const running = new Map();

const actions = {
  async complete(client, job, signal) {
    return completion(await client.chat.completions.create(job.body, { signal }));
  },

  // The package's own accumulator: it refuses chunks that do not fit together.
  async stream(client, job, signal) {
    const stream = client.chat.completions.stream(job.body, { signal });
    const deltas = { reasoning: [], content: [] };
    stream.on("chunk", (chunk) => {
      const delta = chunk.choices[0]?.delta;
      const reasoning = delta?.reasoning_content ?? delta?.reasoning;
      if (reasoning) deltas.reasoning.push(reasoning);
      if (delta?.content) deltas.content.push(delta.content);
      if (deltas.reasoning.length + deltas.content.length === job.abortAfter) stream.abort();
    });
    try {
      const whole = completion(await stream.finalChatCompletion());
      return { ...whole, reasoning: deltas.reasoning.join(""), deltas: deltas.reasoning.length + deltas.content.length };
    } catch (error) {
      return { ...failure(error), content: deltas.content.join(""), deltas: deltas.reasoning.length + deltas.content.length };
    }
  },

  async models(client) {
    const ids = [];
    for await (const model of client.models.list()) ids.push(model.id);
    return { ids };
  },
};

function completion({ id, object, created, model, choices: [choice], usage }) {
  const { role, content, reasoning_content, reasoning, tool_calls } = choice.message;
  const calls = (tool_calls ?? []).map((call) => ({ id: call.id, type: call.type, ...call.function }));
  return {
    id, object, created, model, role, content, calls,
    reasoning: reasoning_content ?? reasoning ?? "",
    finish: choice.finish_reason,
    usage: usage && {
      prompt: usage.prompt_tokens,
      completion: usage.completion_tokens,
      total: usage.total_tokens,
      reasoning: usage.completion_tokens_details?.reasoning_tokens,
      cached: usage.prompt_tokens_details?.cached_tokens,
    },
  };
}

function failure(error) {
  const { status, code, type, message } = error;
  return { error: { kind: error.constructor.name, status, code, type, message, retryAfter: error.headers?.get?.("retry-after") } };
}

async function run(job) {
  const controller = new AbortController();
  running.set(job.id, controller);
  const client = new OpenAI({ baseURL: job.baseURL, apiKey: job.apiKey ?? "key-of-the-witness", maxRetries: job.maxRetries ?? 0 });
  const result = await actions[job.action](client, job, controller.signal).catch(failure);
  running.delete(job.id);
  process.stdout.write(JSON.stringify({ jobId: job.id, ...result }) + "\n");
}

// Ends with its input, so that it never outlives the test that started it.
createInterface({ input: process.stdin })
  .on("line", (line) => {
    const job = JSON.parse(line);
    if (job.action === "abort") running.get(job.id)?.abort();
    else run(job);
  })
  .on("close", () => process.exit(0));

// A model with a script instead of a mind, for real agents: it calls EXAI's chat, then debug, then answers with what both said.
// Speaks OpenAI's chat completions (/v1/chat/completions) and Gemini's generateContent, streamed or whole. Prints its address.
import { createServer } from "node:http";

const script = [
  { tool: "chat", args: { prompt: "Is a bounded channel enough here?" } },
  { tool: "debug", args: { step: "The total is one too high.", findings: "Sum() counts the header line.", next_step_required: false } },
];

/** The next move, by what the conversation holds already. */
function next(offered, results) {
  const step = script[results.length];
  if (step === undefined) return { text: `FINAL ANSWER. ${results.map((result, i) => `${script[i].tool} said: ${result}`).join(" | ")}` };
  // Each agent puts its own prefix before a server's tools.
  const name = offered.find((tool) => new RegExp(`(^|[^a-z])exai_+${step.tool}$`).test(tool)) ?? offered.find((tool) => tool === step.tool);
  return name === undefined ? { text: "No tool of EXAI was offered." } : { name, args: step.args };
}

function openai(body) {
  const offered = (body.tools ?? []).map((tool) => tool.function.name);
  const results = body.messages.filter((message) => message.role === "tool").map((message) => textOf(message.content));
  const move = next(offered, results);
  const message = move.text !== undefined
    ? { role: "assistant", content: move.text }
    : { role: "assistant", content: null, tool_calls: [{ index: 0, id: `call_${results.length}`, type: "function", function: { name: move.name, arguments: JSON.stringify(move.args) } }] };
  const finish = move.text !== undefined ? "stop" : "tool_calls";
  const usage = { prompt_tokens: 1, completion_tokens: 1, total_tokens: 2 };
  const head = { id: "c", created: 0, model: body.model };
  return body.stream
    ? [
        { ...head, object: "chat.completion.chunk", choices: [{ index: 0, delta: message, finish_reason: null }] },
        { ...head, object: "chat.completion.chunk", choices: [{ index: 0, delta: {}, finish_reason: finish }], usage },
        "[DONE]",
      ]
    : { ...head, object: "chat.completion", choices: [{ index: 0, message, finish_reason: finish }], usage };
}

function gemini(body) {
  const offered = (body.tools ?? []).flatMap((tool) => tool.functionDeclarations ?? []).map((declared) => declared.name);
  const results = body.contents.flatMap((content) => content.parts).filter((part) => part.functionResponse).map((part) => JSON.stringify(part.functionResponse.response));
  const move = next(offered, results);
  const part = move.text !== undefined ? { text: move.text } : { functionCall: { name: move.name, args: move.args } };
  return {
    candidates: [{ index: 0, content: { role: "model", parts: [part] }, finishReason: "STOP" }],
    usageMetadata: { promptTokenCount: 1, candidatesTokenCount: 1, totalTokenCount: 2 },
  };
}

const textOf = (content) => (typeof content === "string" ? content : (content ?? []).map((part) => part.text ?? "").join(""));

const server = createServer(async (request, response) => {
  let text = "";
  for await (const piece of request) text += piece;
  if (process.env.SCRIPTED_MODEL_LOG) console.error(request.method, request.url, text.slice(0, 20000));
  if (request.method !== "POST") {
    response.writeHead(200, { "content-type": "application/json" }).end('{"object":"list","data":[]}');
    return;
  }
  const body = JSON.parse(text);
  const isOpenai = request.url.includes("/chat/completions");
  const answer = isOpenai ? openai(body) : request.url.includes("enerateContent") ? gemini(body) : { totalTokens: 1 };
  if (Array.isArray(answer) || request.url.includes("streamGenerateContent")) {
    response.writeHead(200, { "content-type": "text/event-stream" });
    for (const event of [answer].flat()) response.write(`data: ${typeof event === "string" ? event : JSON.stringify(event)}\n\n`);
    response.end();
  } else {
    response.writeHead(200, { "content-type": "application/json" }).end(JSON.stringify(answer));
  }
});
server.listen(0, "127.0.0.1", () => console.log(`http://127.0.0.1:${server.address().port}`));

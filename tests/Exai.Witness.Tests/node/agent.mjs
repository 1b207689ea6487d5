// An agent whose loop other people wrote (the AI SDK), with a scripted model for a mind and an MCP server of stdio for its tools.
// Reads one line, {command, args, env, task}; writes one line, {text, called}.
import { spawn } from "node:child_process";
import { once } from "node:events";
import { createInterface } from "node:readline";
import { fileURLToPath } from "node:url";
import { createMCPClient } from "@ai-sdk/mcp";
import { Experimental_StdioMCPTransport as StdioTransport } from "@ai-sdk/mcp/mcp-stdio";
import { createOpenAICompatible } from "@ai-sdk/openai-compatible";
import { generateText, stepCountIs } from "ai";

const [line] = await once(createInterface({ input: process.stdin }), "line");
const { command, args, env, task } = JSON.parse(line);

const script = spawn(process.execPath, [fileURLToPath(new URL("../../clients/scripted-model.mjs", import.meta.url))], { stdio: ["ignore", "pipe", "inherit"] });
process.on("exit", () => script.kill());
const [address] = await once(createInterface({ input: script.stdout }), "line");

const server = await createMCPClient({ transport: new StdioTransport({ command, args, env }) });
try {
  const { text, steps } = await generateText({
    model: createOpenAICompatible({ name: "scripted", baseURL: `${address}/v1` })("model"),
    tools: await server.tools(),
    prompt: task,
    stopWhen: stepCountIs(5),
  });
  console.log(JSON.stringify({ text, called: steps.flatMap((step) => step.toolCalls.map((call) => call.toolName)) }));
} finally {
  await server.close();
}
process.exit(0);

// A mock provider that other people wrote, on a free loopback port, which is printed as the one line of output.
import { LLMock } from "@copilotkit/aimock";

const mock = new LLMock({ port: 0, host: "127.0.0.1", logLevel: "silent" });
mock.addFixture({
  match: { userMessage: "Say hello" },
  response: { content: "Hello from a mock that knows nothing of EXAI: déjà vu, 你好." },
});
mock.addFixture({
  match: { userMessage: "Think first" },
  response: { content: "The answer is 42.", reasoning: "Six times seven, carefully." },
});
mock.addFixture({
  match: { userMessage: "Counted" },
  response: { content: "Counted.", usage: { prompt_tokens: 1234, completion_tokens: 567, total_tokens: 1801 } },
});
mock.addFixture({
  match: { userMessage: "Slow down" },
  response: { error: { message: "Too many requests for now.", type: "rate_limit_error", code: "rate_limit_exceeded" }, status: 429, retryAfter: 7 },
});
mock.addFixture({
  match: { userMessage: "Never end" },
  response: { content: "word ".repeat(2000) },
  chunkSize: 5,
  latency: 20,
});
await mock.start();
process.stdout.write(`${mock.url}\n`);

// Ends with its input, so that it never outlives the test that started it.
process.stdin.resume();
process.stdin.on("close", () => process.exit(0));

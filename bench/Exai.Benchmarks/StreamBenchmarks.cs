using System.Net;
using System.Text;
using BenchmarkDotNet.Attributes;
using Exai.Core.Models.Catalogue;
using Exai.Core.Providers;
using Microsoft.Extensions.AI;

namespace Exai.Benchmarks;

/// <summary>An answer of a thousand tokens, from the bytes of its stream to the text; each figure is for one token.</summary>
[MemoryDiagnoser, InProcess]
public class StreamBenchmarks
{
    private const int Tokens = 1000;

    private readonly byte[] _stream = Stream();
    private IChatClient _client = null!;

    [GlobalSetup]
    public void Setup() => _client = ProviderClients.Generic(
        new ProviderEndpoint { Name = "bench", BaseUrl = new Uri("http://bench.invalid/v1") }, ModelCatalogue.Load(), TimeProvider.System, new Bytes(_stream));

    [GlobalCleanup]
    public void Cleanup() => _client.Dispose();

    [Benchmark(OperationsPerInvoke = Tokens)]
    public async Task<int> Decode()
    {
        var length = 0;
        await foreach (var update in _client.GetStreamingResponseAsync("Count.", new ChatOptions { ModelId = "m" }))
            length += update.Text.Length;
        return length;
    }

    private static byte[] Stream()
    {
        var events = new StringBuilder();
        for (var token = 0; token < Tokens; token++)
        {
            var finish = token == Tokens - 1 ? "\"stop\"" : "null";
            events.Append($$"""data: {"id":"chatcmpl-1","object":"chat.completion.chunk","created":1,"model":"m","choices":[{"index":0,"delta":{"content":"tok "},"finish_reason":{{finish}}}]}""").Append("\n\n");
        }

        return Encoding.UTF8.GetBytes(events.Append("data: [DONE]\n\n").ToString());
    }

    private sealed class Bytes(byte[] body) : HttpMessageHandler
    {
        protected override Task<HttpResponseMessage> SendAsync(HttpRequestMessage request, CancellationToken cancellationToken)
        {
            var content = new ByteArrayContent(body);
            content.Headers.TryAddWithoutValidation("Content-Type", "text/event-stream");
            return Task.FromResult(new HttpResponseMessage(HttpStatusCode.OK) { Content = content });
        }
    }
}

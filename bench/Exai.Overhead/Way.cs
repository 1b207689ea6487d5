using System.Text.Json.Nodes;
using Exai.Core.Models.Catalogue;
using Exai.Core.Providers;
using Exai.Core.Providers.Glm;
using Exai.Peers;
using Microsoft.Extensions.AI;

namespace Exai.Overhead;

/// <param name="AskedAt">When the question was asked.</param>
/// <param name="Total">From the question to the last byte of the answer.</param>
/// <param name="Provider">When it arrived at the provider, and when the provider was about to send the last bytes of its answer; null where none is asked.</param>
internal sealed record Sample(DateTimeOffset AskedAt, TimeSpan Total, (DateTimeOffset ArrivedAt, DateTimeOffset EndedAt)? Provider, string Answer)
{
    /// <summary>From the question to its arrival at the provider; null where none is asked.</summary>
    public TimeSpan? ToProvider => Provider?.ArrivedAt - AskedAt;

    /// <summary>From the provider's last bytes to the asker's; null where none is asked.</summary>
    public TimeSpan? FromProvider => AskedAt + Total - Provider?.EndedAt;
}

/// <summary>One way to ask the same question of the same simulator.</summary>
internal abstract class Way(ExaiMachine machine, string name, bool asksProvider)
{
    protected const string Model = "glm-4.6";

    public string Name => name;

    public async Task<Sample> AskAsync(string question)
    {
        var time = TimeProvider.System;
        var askedAt = time.GetUtcNow();
        var started = time.GetTimestamp();
        var answer = await AnswerAsync(question);
        var total = time.GetElapsedTime(started);
        if (!asksProvider)
            return new Sample(askedAt, total, Provider: null, answer);
        return answer.Length > 0 && !answer.Contains("\"isError\":true", StringComparison.Ordinal)
            ? new Sample(askedAt, total, await LastAsync(), answer)
            : throw new InvalidDataException($"{name}: {answer}");
    }

    protected abstract Task<string> AnswerAsync(string question);

    /// <summary>Of the last request, on the simulator's clock, which is this machine's.</summary>
    private async Task<(DateTimeOffset ArrivedAt, DateTimeOffset EndedAt)> LastAsync()
    {
        var request = JsonNode.Parse(await machine.Control.GetStringAsync(new Uri(machine.GlmBaseUrl, "/sim/requests?last=1")))!.AsArray()[^1]!;
        return ((DateTimeOffset)request["at"]!, (DateTimeOffset)request["endedAt"]!);
    }
}

/// <summary>What a program without EXAI would do: one HTTP request, its stream read to the end.</summary>
internal sealed class DirectWay(ExaiMachine machine) : Way(machine, "Direct HTTP request", asksProvider: true), IAsyncDisposable
{
    private readonly HttpGateway _provider = new("direct", machine.GlmBaseUrl, streams: true);

    public ValueTask DisposeAsync() => _provider.DisposeAsync();

    protected override async Task<string> AnswerAsync(string question)
    {
        await _provider.AskAsync(question);
        return "whole";
    }
}

/// <summary>The daemon's own client of the provider, without the daemon.</summary>
internal sealed class ProviderClientWay(ExaiMachine machine) : Way(machine, "Provider client alone", asksProvider: true), IDisposable
{
    private readonly IChatClient _client = Create(machine);

    public void Dispose() => _client.Dispose();

    protected override async Task<string> AnswerAsync(string question) =>
        (await _client.GetResponseAsync(question, new ChatOptions { ModelId = Model })).Text;

    private static IChatClient Create(ExaiMachine machine)
    {
        var endpoint = new ProviderEndpoint { Name = "glm", BaseUrl = machine.GlmBaseUrl, ApiKey = "key-of-the-bench" };
        var handler = ProviderHttp.CreateHandler(endpoint);
        handler.UseProxy = false;
        return ProviderClients.Glm(endpoint, ModelCatalogue.Load(), new GlmWebSearchOptions(), TimeProvider.System, handler);
    }
}

/// <summary>A tool, through shim, link and daemon: <c>version</c> stops there, <c>chat</c> goes on through journal and gateway.</summary>
internal sealed class ToolWay(ExaiMachine machine, StdioClient client, string tool)
    : Way(machine, tool == "chat" ? "EXAI, the whole way (chat)" : $"EXAI, shim and link alone ({tool})", asksProvider: tool == "chat")
{
    protected override Task<string> AnswerAsync(string question)
    {
        var arguments = tool == "chat" ? new JsonObject { ["prompt"] = question, ["model"] = Model } : [];
        return Task.FromResult(client.Call(tool, arguments.ToJsonString()));
    }
}

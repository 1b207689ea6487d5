using System.Net.Http.Headers;
using System.Text;
using System.Text.Json.Nodes;
using Exai.Core.Models.Catalogue;
using Exai.Core.Providers;
using Exai.Core.Providers.Glm;
using Microsoft.Extensions.AI;

namespace Exai.Overhead;

/// <param name="AskedAt">When the question was asked.</param>
/// <param name="Total">From the question to the last byte of the answer.</param>
/// <param name="ArrivedAt">When it arrived at the provider; null where none is asked.</param>
internal sealed record Sample(DateTimeOffset AskedAt, TimeSpan Total, DateTimeOffset? ArrivedAt, string Answer)
{
    /// <summary>From the question to its arrival at the provider; null where none is asked.</summary>
    public TimeSpan? ToProvider => ArrivedAt - AskedAt;
}

/// <summary>One way to ask the same question of the same simulator.</summary>
internal abstract class Way(Machine machine, string name, bool asksProvider)
{
    protected const string Model = "glm-4.6";

    public string Name => name;

    protected Machine Machine => machine;

    public async Task<Sample> AskAsync(string question)
    {
        var askedAt = machine.Time.GetUtcNow();
        var started = machine.Time.GetTimestamp();
        var answer = await AnswerAsync(question);
        var total = machine.Time.GetElapsedTime(started);
        if (!asksProvider)
            return new Sample(askedAt, total, ArrivedAt: null, answer);
        return answer.Length > 0 && !answer.Contains("\"isError\":true", StringComparison.Ordinal)
            ? new Sample(askedAt, total, await machine.LastArrivalAsync(), answer)
            : throw new InvalidDataException($"{name}: {answer}");
    }

    protected abstract Task<string> AnswerAsync(string question);
}

/// <summary>What a program without EXAI would do: one HTTP request, its stream read to the end.</summary>
internal sealed class DirectWay : Way, IDisposable
{
    private readonly HttpClient _http = new(new SocketsHttpHandler { UseProxy = false });

    public DirectWay(Machine machine)
        : base(machine, "Direct HTTP request", asksProvider: true) =>
        _http.DefaultRequestHeaders.Authorization = new AuthenticationHeaderValue("Bearer", "key-of-the-bench");

    public void Dispose() => _http.Dispose();

    protected override async Task<string> AnswerAsync(string question)
    {
        var body = new JsonObject
        {
            ["model"] = Model,
            ["stream"] = true,
            ["messages"] = new JsonArray(new JsonObject { ["role"] = "user", ["content"] = question }),
        };
        using var content = new StringContent(body.ToJsonString(), Encoding.UTF8, "application/json");
        using var request = new HttpRequestMessage(HttpMethod.Post, Machine.GlmBaseUrl + "/chat/completions") { Content = content };
        using var response = await _http.SendAsync(request, HttpCompletionOption.ResponseHeadersRead);
        return await response.Content.ReadAsStringAsync();
    }
}

/// <summary>The daemon's own client of the provider, without the daemon.</summary>
internal sealed class ProviderClientWay(Machine machine) : Way(machine, "Provider client alone", asksProvider: true), IDisposable
{
    private readonly IChatClient _client = Create(machine);

    public void Dispose() => _client.Dispose();

    protected override async Task<string> AnswerAsync(string question) =>
        (await _client.GetResponseAsync(question, new ChatOptions { ModelId = Model })).Text;

    private static IChatClient Create(Machine machine)
    {
        var endpoint = new ProviderEndpoint { Name = "glm", BaseUrl = machine.GlmBaseUrl, ApiKey = "key-of-the-bench" };
        var handler = ProviderHttp.CreateHandler(endpoint);
        handler.UseProxy = false;
        return ProviderClients.Glm(endpoint, ModelCatalogue.Load(), new GlmWebSearchOptions(), machine.Time, handler);
    }
}

/// <summary>A tool, through shim, link and daemon: <c>version</c> stops there, <c>chat</c> goes on through journal and gateway.</summary>
internal sealed class ToolWay(Machine machine, string tool)
    : Way(machine, tool == "chat" ? "EXAI, the whole way (chat)" : $"EXAI, shim and link alone ({tool})", asksProvider: tool == "chat")
{
    protected override Task<string> AnswerAsync(string question)
    {
        var arguments = tool == "chat" ? new JsonObject { ["prompt"] = question, ["model"] = Model } : [];
        return Machine.RequestAsync("tools/call", new JsonObject { ["name"] = tool, ["arguments"] = arguments });
    }
}

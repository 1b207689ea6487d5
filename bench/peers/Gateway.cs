using System.Diagnostics;
using System.Net.Http.Headers;
using System.Text;
using System.Text.Json.Nodes;

namespace Exai.Peers;

/// <summary>When an answer's parts came, after the question was asked.</summary>
/// <param name="FirstToken">Null where the asker sees none before the end.</param>
internal sealed record Answered(TimeSpan? FirstToken, TimeSpan Total);

/// <summary>One way of a question to the simulated provider and back.</summary>
internal abstract class Gateway(string name) : IAsyncDisposable
{
    protected const string Model = "glm-4.6";

    public string Name => name;

    public virtual Task StartAsync() => Task.CompletedTask;

    /// <exception cref="InvalidDataException">The answer is not the provider's.</exception>
    public abstract Task<Answered> AskAsync(string question);

    public abstract ValueTask DisposeAsync();
}

/// <summary>A chat completion over HTTP: to the provider itself, or to a gateway that speaks the same dialect.</summary>
internal sealed class HttpGateway(string name, Uri baseUrl, bool streams, params (string Name, string Value)[] headers) : Gateway(name)
{
    private readonly HttpClient _http = new(new SocketsHttpHandler { UseProxy = false }) { Timeout = StdioClient.Patience };

    /// <summary>Started first, if it is a program of its own.</summary>
    public ProcessStartInfo? Program { get; init; }

    private Process? _process;

    public override async Task StartAsync()
    {
        if (Program is null)
            return;
        Program.RedirectStandardOutput = Program.RedirectStandardError = true;
        _process = Process.Start(Program)!;
        _process.BeginOutputReadLine();
        _process.BeginErrorReadLine();
        var started = Watch.Start();
        while (true)
        {
            try
            {
                await AskAsync("Are you there?");
                return;
            }
            catch (HttpRequestException exception) when (exception.HttpRequestError == HttpRequestError.ConnectionError && started.Elapsed < StdioClient.Patience)
            {
                await Task.Delay(TimeSpan.FromMilliseconds(50), TimeProvider.System);
            }
        }
    }

    public override async Task<Answered> AskAsync(string question)
    {
        var started = Watch.Start();
        var body = new JsonObject
        {
            ["model"] = Model,
            ["stream"] = streams,
            ["messages"] = new JsonArray(new JsonObject { ["role"] = "user", ["content"] = question }),
        };
        using var content = new StringContent(body.ToJsonString(), Encoding.UTF8, "application/json");
        using var request = new HttpRequestMessage(HttpMethod.Post, $"{baseUrl.AbsoluteUri.TrimEnd('/')}/chat/completions") { Content = content };
        request.Headers.Authorization = new AuthenticationHeaderValue("Bearer", "key-of-the-bench");
        foreach (var (header, value) in headers)
            request.Headers.Add(header, value);
        using var response = await _http.SendAsync(request, HttpCompletionOption.ResponseHeadersRead);
        if (!response.IsSuccessStatusCode)
            throw new InvalidDataException($"{Name}: {(int)response.StatusCode} {await response.Content.ReadAsStringAsync()}");

        await using var stream = await response.Content.ReadAsStreamAsync();
        TimeSpan? first = null;
        var whole = false;
        using var reader = new StreamReader(stream, Encoding.UTF8);
        while (await reader.ReadLineAsync() is { } line)
        {
            if (streams && first is null && line.Contains("\"content\":\"", StringComparison.Ordinal) && !line.Contains("\"content\":\"\"", StringComparison.Ordinal))
                first = started.Elapsed;
            whole |= line.Contains(streams ? "[DONE]" : "\"finish_reason\"", StringComparison.Ordinal);
        }

        return whole ? new Answered(first, started.Elapsed) : throw new InvalidDataException($"{Name}: an answer without its end.");
    }

    public override async ValueTask DisposeAsync()
    {
        _http.Dispose();
        if (_process is null)
            return;
        _process.Kill(entireProcessTree: true);
        await _process.WaitForExitAsync();
        _process.Dispose();
    }
}

/// <summary>The tool <c>chat</c>, through shim, link, journal and gateway. One client asks, as an agent does.</summary>
internal sealed class ExaiGateway(ExaiMachine machine) : Gateway("exai (chat, the whole way)")
{
    private StdioClient? _client;

    public override async Task StartAsync()
    {
        await machine.StartDaemonAsync();
        _client = new StdioClient(machine.Command("shim"));
        _client.Initialize();
        _client.Call("version");
    }

    public override async Task<Answered> AskAsync(string question)
    {
        var started = Watch.Start();
        var answer = await _client!.AskAsync("chat", new JsonObject { ["prompt"] = question, ["model"] = Model }.ToJsonString());
        return answer.Contains("\"isError\":true", StringComparison.Ordinal) || answer.Contains("\"error\":{", StringComparison.Ordinal)
            ? throw new InvalidDataException(answer)
            : new Answered(null, started.Elapsed);
    }

    public override ValueTask DisposeAsync()
    {
        _client?.Dispose();
        return ValueTask.CompletedTask;
    }
}

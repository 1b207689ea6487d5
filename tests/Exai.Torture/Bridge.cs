using System.Collections.Concurrent;
using System.Diagnostics;
using System.Text;
using System.Text.Json;
using System.Text.Json.Nodes;

namespace Exai.Torture;

/// <summary>An answer and when it came.</summary>
internal sealed record Answer(DateTimeOffset At, JsonObject Message);

/// <summary>One client with its stdio bridge: sends requests, and watches that each is answered once.</summary>
internal sealed class Bridge : IAsyncDisposable
{
    private const int MostLastWords = 3;

    private readonly Process _process;
    private readonly Findings _findings;
    private readonly TimeProvider _time;
    private readonly Lock _gate = new();
    private readonly Dictionary<string, TaskCompletionSource<Answer>> _waiting = new(StringComparer.Ordinal);
    private readonly HashSet<string> _answered = new(StringComparer.Ordinal);
    private readonly SemaphoreSlim _writing = new(1);
    private readonly Task _reading;
    private readonly Task _errors;
    private int _lastId;
    private readonly ConcurrentQueue<string> _lastWords = new();
    private volatile bool _disposing;
    private bool _ended;

    public Bridge(string name, ProcessStartInfo start, Findings findings, TimeProvider time)
    {
        Name = name;
        _findings = findings;
        _time = time;
        _process = Process.Start(start)!;
        _reading = ReadAsync();
        _errors = ReadErrorsAsync();
    }

    public string Name { get; }

    /// <summary>It says nothing more.</summary>
    public bool HasEnded
    {
        get
        {
            lock (_gate)
                return _ended;
        }
    }

    public async Task InitializeAsync(TimeSpan limit)
    {
        var hello = """{"protocolVersion":"2025-11-25","capabilities":{},"clientInfo":{"name":"torture","version":"1"}}""";
        _ = await RequestAsync("initialize", JsonNode.Parse(hello)!.AsObject(), limit) ?? throw new TimeoutException($"{Name} did not answer initialize.");
        await SendAsync("""{"jsonrpc":"2.0","method":"notifications/initialized"}""");
    }

    /// <summary>Asks and waits for the response; null when there was none in time.</summary>
    public async Task<Answer?> RequestAsync(string method, JsonObject? parameters, TimeSpan limit)
    {
        var answer = new TaskCompletionSource<Answer>(TaskCreationOptions.RunContinuationsAsynchronously);
        string id;
        lock (_gate)
        {
            // Numbers and texts by turns: 7 is not "7".
            id = ++_lastId % 2 == 0 ? $"{_lastId}" : $"\"{_lastId}\"";
            if (_ended)
                return null;
            _waiting.Add(id, answer);
        }

        var message = new JsonObject { ["jsonrpc"] = "2.0", ["id"] = JsonNode.Parse(id), ["method"] = method };
        if (parameters is not null)
        {
            if (method == "tools/call")
                parameters["_meta"] = new JsonObject { ["progressToken"] = JsonNode.Parse(id) };
            message["params"] = parameters;
        }

        try
        {
            await SendAsync(message.ToJsonString());
            return await answer.Task.WaitAsync(limit, _time);
        }
        catch (Exception gone) when (gone is TimeoutException or IOException or EndOfStreamException)
        {
            return null;
        }
    }

    public async ValueTask DisposeAsync()
    {
        _disposing = true;
        if (!_process.HasExited)
        {
            _process.Kill();
            await _process.WaitForExitAsync(CancellationToken.None);
        }

        await _reading;
        await _errors;
        _process.Dispose();
        _writing.Dispose();
    }

    private async Task SendAsync(string line)
    {
        await _writing.WaitAsync();
        try
        {
            await _process.StandardInput.BaseStream.WriteAsync(Encoding.UTF8.GetBytes(line + "\n"));
            await _process.StandardInput.BaseStream.FlushAsync();
        }
        finally
        {
            _writing.Release();
        }
    }

    private async Task ReadAsync()
    {
        using var reader = new StreamReader(_process.StandardOutput.BaseStream, Encoding.UTF8);
        while (await reader.ReadLineAsync() is { } line)
            Take(line);
        if (!_disposing)
            _findings.Violation("gone", $"{Name} ended by itself. Its last words: {string.Join(" | ", _lastWords)}");
        lock (_gate)
        {
            _ended = true;
            foreach (var waiting in _waiting.Values)
                waiting.TrySetException(new EndOfStreamException());
        }
    }

    private async Task ReadErrorsAsync()
    {
        while (await _process.StandardError.ReadLineAsync() is { } line)
        {
            _lastWords.Enqueue(line);
            if (_lastWords.Count > MostLastWords)
                _lastWords.TryDequeue(out _);
        }
    }

    private void Take(string line)
    {
        JsonObject? message;
        try
        {
            message = JsonNode.Parse(line) as JsonObject;
        }
        catch (JsonException)
        {
            message = null;
        }

        if (message is null)
        {
            _findings.Violation("crossed", $"{Name}: a line of stdout is no message: {line}");
            return;
        }

        if (message["method"] is { } method)
        {
            if ((string?)method == "notifications/progress" && IsAnswered(message["params"]?["progressToken"]?.ToJsonString() ?? ""))
                _findings.Violation("doubled", $"{Name}: progress after the response: {line}");
            return;
        }

        Respond(message["id"]?.ToJsonString() ?? "null", message, line);
    }

    private bool IsAnswered(string id)
    {
        lock (_gate)
            return _answered.Contains(id);
    }

    private void Respond(string id, JsonObject message, string line)
    {
        TaskCompletionSource<Answer>? waiting;
        bool again;
        lock (_gate)
        {
            again = !_answered.Add(id);
            _waiting.Remove(id, out waiting);
        }

        if (again)
            _findings.Violation("doubled", $"{Name}: another response to {id}: {line}");
        else if (waiting is null)
            _findings.Violation("crossed", $"{Name}: a response to {id}, which nobody asked: {line}");
        else
            waiting.TrySetResult(new Answer(_time.GetUtcNow(), message));
    }
}

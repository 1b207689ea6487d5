using System.Diagnostics;
using System.Text;
using System.Text.Json;
using System.Text.Json.Nodes;
using Exai.Protocol;

namespace Exai.EndToEnd.Tests.Harness;

/// <summary>One line of the shim's stdout.</summary>
/// <param name="At">Since the process was started.</param>
internal sealed record StdoutLine(TimeSpan At, string Text, JsonObject Message)
{
    public string? Method => (string?)Message["method"];

    /// <summary>The id as the shim wrote it: <c>1</c> is not <c>"1"</c>. Null for a notification.</summary>
    public string? Id => Method is null ? Message["id"]?.ToJsonString() ?? "null" : null;
}

/// <summary>A tool's result as a client reads it.</summary>
internal sealed record ToolReply(StdoutLine Line)
{
    private JsonObject Result => Line.Message["result"]?.AsObject() ?? throw new InvalidOperationException($"No result but: {Line.Text}");

    public string Text => string.Join('\n', Result["content"]!.AsArray().Select(part => (string?)part!["text"]));

    public bool IsError => (bool?)Result["isError"] ?? false;

    public JsonObject Receipt => Result["_meta"]![MetaKeys.Receipt]!.AsObject();

    public JsonObject Error => Result["_meta"]![MetaKeys.Error]!.AsObject();

    public string? Code => (string?)Result["_meta"]?[MetaKeys.Error]?["code"];

    /// <summary>How to go on with the conversation.</summary>
    public string Thread => (string)Receipt["threadId"]!;

    public override string ToString() => Line.Text;
}

/// <summary>
/// A real client of a real shim: writes lines, and keeps every line that comes back with its time. A line that is no JSON-RPC
/// message, or holds a carriage return, fails whatever waits, and the test's end.
/// </summary>
internal sealed class ShimProcess : IAsyncDisposable
{
    private readonly Process _process;
    private readonly string _home;
    private readonly long _startedAt;
    private readonly Task _reading;
    private readonly Task<string> _errors;
    private readonly Lock _gate = new();
    private readonly List<StdoutLine> _lines = [];
    private TaskCompletionSource _changed = NewSignal();
    private string? _defect;
    private bool _ended;
    private bool _disposed;
    private int _lastId = 1000;

    public ShimProcess(ProcessStartInfo start, string home)
    {
        _home = home;
        _startedAt = Stopwatch.GetTimestamp();
        _process = Process.Start(start)!;
        _reading = ReadAsync(_process.StandardOutput.BaseStream);
        _errors = _process.StandardError.ReadToEndAsync();
    }

    public int Pid => _process.Id;

    public bool HasExited => _process.HasExited;

    public int ExitCode => _process.ExitCode;

    /// <summary>Since the process was started.</summary>
    public TimeSpan Elapsed => Stopwatch.GetElapsedTime(_startedAt);

    /// <summary>Every line so far.</summary>
    public IReadOnlyList<StdoutLine> Lines
    {
        get
        {
            lock (_gate)
            {
                return [.. _lines];
            }
        }
    }

    public IReadOnlyList<StdoutLine> Responses(string id) => [.. Lines.Where(line => line.Id == id)];

    public IReadOnlyList<StdoutLine> Progress(string? token = null) =>
        [.. Lines.Where(line => line.Method == "notifications/progress" && (token is null || line.Message["params"]!["progressToken"]!.ToJsonString() == token))];

    /// <summary>Writes one line as it is.</summary>
    public async Task SendAsync(string line)
    {
        await _process.StandardInput.BaseStream.WriteAsync(Encoding.UTF8.GetBytes(line + "\n"), Patience.Token());
        await _process.StandardInput.BaseStream.FlushAsync(Patience.Token());
    }

    /// <summary>The first response with this id, as raw JSON.</summary>
    public Task<StdoutLine> ResponseAsync(string id, TimeSpan? limit = null) => LineAsync($"a response to {id}", line => line.Id == id, limit);

    public async Task<StdoutLine> LineAsync(string what, Func<StdoutLine, bool> matches, TimeSpan? limit = null)
    {
        var patience = Patience.Token(limit);
        while (true)
        {
            Task changed;
            lock (_gate)
            {
                changed = _changed.Task;
                if (_defect is not null)
                {
                    throw new InvalidDataException(_defect);
                }

                if (_lines.Find(line => matches(line)) is { } found)
                {
                    return found;
                }

                if (_ended)
                {
                    throw new EndOfStreamException($"The shim's stdout ended before there was {what}.");
                }
            }

            try
            {
                await changed.WaitAsync(patience);
            }
            catch (OperationCanceledException tooLong)
            {
                throw new TimeoutException(
                    $"Not within {(limit ?? Patience.Limit).TotalSeconds:0.#} s: {what}. Last lines:\n{string.Join('\n', Lines.TakeLast(5).Select(line => line.Text))}", tooLong);
            }
        }
    }

    /// <returns>The id under which the answer will come.</returns>
    public async Task<string> SendRequestAsync(string method, JsonObject? parameters = null, string? id = null)
    {
        id ??= $"{++_lastId}";
        await SendAsync($"{{\"jsonrpc\":\"2.0\",\"id\":{id},\"method\":\"{method}\"{(parameters is null ? "" : ",\"params\":" + parameters.ToJsonString())}}}");
        return id;
    }

    public async Task<StdoutLine> RequestAsync(string method, JsonObject? parameters = null, string? id = null) =>
        await ResponseAsync(await SendRequestAsync(method, parameters, id));

    public async Task<StdoutLine> InitializeAsync(string version = "2025-11-25")
    {
        var answer = await RequestAsync("initialize", HelloParameters(version));
        await SendAsync("""{"jsonrpc":"2.0","method":"notifications/initialized"}""");
        return answer;
    }

    public static JsonObject HelloParameters(string version = "2025-11-25") => new()
    {
        ["protocolVersion"] = version,
        ["capabilities"] = new JsonObject(),
        ["clientInfo"] = new JsonObject { ["name"] = "e2e", ["version"] = "1" },
    };

    /// <param name="token">The progress token as raw JSON; null asks for no progress.</param>
    /// <returns>The id under which the answer will come.</returns>
    public Task<string> SendCallAsync(string tool, JsonObject arguments, string? token = null, string? id = null)
    {
        var parameters = new JsonObject { ["name"] = tool, ["arguments"] = arguments };
        if (token is not null)
        {
            parameters["_meta"] = new JsonObject { ["progressToken"] = JsonNode.Parse(token) };
        }

        return SendRequestAsync("tools/call", parameters, id);
    }

    public Task<string> SendChatAsync(string prompt, string? thread = null, string? token = null, string? id = null)
    {
        var arguments = new JsonObject { ["prompt"] = prompt };
        if (thread is not null)
        {
            arguments["continuation_id"] = thread;
        }

        return SendCallAsync("chat", arguments, token, id);
    }

    public async Task<ToolReply> ReplyAsync(string id, TimeSpan? limit = null) => new(await ResponseAsync(id, limit));

    public async Task<ToolReply> CallAsync(string tool, JsonObject? arguments = null, TimeSpan? limit = null) =>
        await ReplyAsync(await SendCallAsync(tool, arguments ?? []), limit);

    public async Task<ToolReply> ChatAsync(string prompt, string? thread = null) => await ReplyAsync(await SendChatAsync(prompt, thread));

    /// <summary>A message whose answer proves that all earlier ones have been read.</summary>
    public Task PingAsync() => RequestAsync("ping");

    public void CloseInput() => _process.StandardInput.Close();

    public void Signal(Signal signal) => LinuxProcesses.Send(Pid, signal);

    /// <summary>How long the process took to end, from now.</summary>
    public async Task<TimeSpan> EndedAsync()
    {
        var from = Stopwatch.GetTimestamp();
        await _process.WaitForExitAsync(Patience.Token());
        return Stopwatch.GetElapsedTime(from);
    }

    /// <summary>Completes when nobody holds the shim's stdout open any more.</summary>
    public Task OutputEndedAsync() => _reading.WaitAsync(Patience.Token());

    public Task<string> ErrorsAsync() => _errors.WaitAsync(Patience.Token());

    public async ValueTask DisposeAsync()
    {
        if (_disposed)
        {
            return;
        }

        _disposed = true;
        if (!_process.HasExited)
        {
            // A process that was stopped dies all the same.
            _process.Kill();
            await _process.WaitForExitAsync(CancellationToken.None);
        }

        _process.Dispose();
        if (_defect is not null)
        {
            throw new InvalidDataException($"The shim of {_home} broke the protocol: {_defect}");
        }
    }

    private async Task ReadAsync(Stream output)
    {
        var partial = new List<byte>();
        var buffer = new byte[64 * 1024];
        try
        {
            while (await output.ReadAsync(buffer, CancellationToken.None) is > 0 and var count)
            {
                foreach (var next in buffer.AsSpan(0, count))
                {
                    if (next == (byte)'\n')
                    {
                        Keep([.. partial]);
                        partial.Clear();
                    }
                    else
                    {
                        partial.Add(next);
                    }
                }
            }
        }
        catch (Exception closed) when (closed is IOException or ObjectDisposedException)
        {
            // The test is over.
        }

        Change(() => _ended = true);
    }

    private void Keep(byte[] bytes)
    {
        var at = Elapsed;
        var text = Encoding.UTF8.GetString(bytes);
        try
        {
            var message = bytes.Contains((byte)'\r') ? null : JsonNode.Parse(text) as JsonObject;
            if (message is not null && (string?)message["jsonrpc"] == "2.0"
                && (message.ContainsKey("method") || (message.ContainsKey("id") && (message.ContainsKey("result") ^ message.ContainsKey("error")))))
            {
                Change(() => _lines.Add(new StdoutLine(at, text, message)));
                return;
            }
        }
        catch (JsonException)
        {
            // Reported below.
        }

        Change(() => _defect ??= $"This line of stdout is no JSON-RPC message: {text}");
    }

    private void Change(Action change)
    {
        TaskCompletionSource signal;
        lock (_gate)
        {
            change();
            (signal, _changed) = (_changed, NewSignal());
        }

        signal.SetResult();
    }

    private static TaskCompletionSource NewSignal() => new(TaskCreationOptions.RunContinuationsAsynchronously);
}

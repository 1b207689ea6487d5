using System.Diagnostics;
using System.Text;
using System.Text.Json;

namespace Exai.Peers;

/// <summary>An MCP client of one bridge.</summary>
internal abstract class McpClient : IDisposable
{
    protected const string Hello = """{"protocolVersion":"2025-11-25","capabilities":{},"clientInfo":{"name":"bench","version":"1"}}""";
    protected const string Initialized = """{"jsonrpc":"2.0","method":"notifications/initialized"}""";

    /// <summary>Of the bridge's process.</summary>
    public abstract int Id { get; }

    public abstract void Initialize();

    /// <summary>Asks a tool and waits. The answer, whatever it says.</summary>
    public abstract string Call(string tool, string arguments = "{}");

    /// <summary>Asks a tool so often, with so many requests in flight.</summary>
    public abstract void Pipeline(string tool, int calls, int inFlight);

    /// <summary>Asks without a limit of time. From the first of these on, nothing else is asked.</summary>
    public abstract Task<string> AskAsync(string tool, string arguments);

    public abstract void Dispose();

    protected static string Request(int id, string method, string parameters) =>
        $$$"""{"jsonrpc":"2.0","id":{{{id}}},"method":"{{{method}}}","params":{{{parameters}}}}""";

    protected static string Tool(string name, string arguments) => $$"""{"name":"{{name}}","arguments":{{arguments}}}""";
}

/// <summary>
/// An MCP client over pipes that adds next to nothing: one thread that writes and blocks in reads. Notifications are passed over. The
/// process is killed when an answer takes longer than <see cref="Patience"/>, which ends the read.
/// </summary>
internal sealed class StdioClient : McpClient
{
    public static readonly TimeSpan Patience = TimeSpan.FromSeconds(60);

    private readonly Process _process;
    private readonly Stream _input;
    private readonly LineReader _lines;
    private readonly ITimer _watchdog;
    private readonly StringBuilder _errors = new();
    private readonly Dictionary<int, TaskCompletionSource<string>> _asked = [];
    private Thread? _reading;
    private readonly Lock _sending = new();
    private int _lastId;

    public StdioClient(ProcessStartInfo start)
    {
        start.UseShellExecute = false;
        start.RedirectStandardInput = start.RedirectStandardOutput = start.RedirectStandardError = true;
        _process = Process.Start(start)!;
        _process.ErrorDataReceived += (_, line) =>
        {
            lock (_errors)
                _errors.AppendLine(line.Data);
        };
        _process.BeginErrorReadLine();
        _input = _process.StandardInput.BaseStream;
        _lines = new LineReader(_process.StandardOutput.BaseStream);
        _watchdog = TimeProvider.System.CreateTimer(_ => Kill(), null, Timeout.InfiniteTimeSpan, Timeout.InfiniteTimeSpan);
    }

    public override int Id => _process.Id;

    public override void Initialize()
    {
        Read(Send("initialize", Hello));
        Write(Initialized + "\n");
    }

    public override string Call(string tool, string arguments = "{}") => Read(Send("tools/call", Tool(tool, arguments)));

    public override Task<string> AskAsync(string tool, string arguments)
    {
        var answer = new TaskCompletionSource<string>(TaskCreationOptions.RunContinuationsAsynchronously);
        // Not under the readers' lock: a shim whose answers nobody takes takes no more questions.
        lock (_sending)
        {
            lock (_asked)
            {
                _watchdog.Change(Timeout.InfiniteTimeSpan, Timeout.InfiniteTimeSpan);
                _asked.Add(_lastId + 1, answer);
            }

            if (_reading is null)
            {
                _reading = new Thread(ReadAside) { IsBackground = true };
                _reading.Start();
            }

            try
            {
                Send("tools/call", Tool(tool, arguments));
            }
            catch (IOException gone)
            {
                answer.TrySetException(gone);
            }
        }

        return answer.Task;
    }

    public override void Pipeline(string tool, int calls, int inFlight)
    {
        _watchdog.Change(Patience, Timeout.InfiniteTimeSpan);
        var parameters = Tool(tool, "{}");
        for (var begun = 0; begun < inFlight; begun++)
            Send("tools/call", parameters);
        for (var answered = 0; answered < calls;)
        {
            var line = Line();
            if (IdOf(line) is null)
                continue;
            answered++;
            if (answered + inFlight <= calls)
                Send("tools/call", parameters);
        }

        _watchdog.Change(Timeout.InfiniteTimeSpan, Timeout.InfiniteTimeSpan);
    }

    /// <summary>Writes a request and does not wait.</summary>
    private int Send(string method, string parameters)
    {
        var id = ++_lastId;
        Write(Request(id, method, parameters) + "\n");
        return id;
    }

    private string Read(int id)
    {
        _watchdog.Change(Patience, Timeout.InfiniteTimeSpan);
        while (true)
        {
            var line = Line();
            if (IdOf(line) != id)
                continue;
            _watchdog.Change(Timeout.InfiniteTimeSpan, Timeout.InfiniteTimeSpan);
            return Encoding.UTF8.GetString(line);
        }
    }

    public override void Dispose()
    {
        _watchdog.Dispose();
        try
        {
            _input.Close();
        }
        catch (IOException)
        {
            // It is gone already.
        }

        if (!_process.WaitForExit(TimeSpan.FromSeconds(3)))
            Kill();
        _process.WaitForExit();
        _process.Dispose();
    }

    /// <summary>The id of a response; null for everything else.</summary>
    private static int? IdOf(ReadOnlySpan<byte> line)
    {
        var reader = new Utf8JsonReader(line);
        int? id = null;
        while (reader.Read())
        {
            if (reader.TokenType != JsonTokenType.PropertyName || reader.CurrentDepth != 1)
                continue;
            if (reader.ValueTextEquals("method"u8))
                return null;
            var isId = reader.ValueTextEquals("id"u8);
            reader.Read();
            if (isId && reader.TokenType == JsonTokenType.Number)
                id = reader.GetInt32();
            else
                reader.Skip();
        }

        return id;
    }

    private void ReadAside()
    {
        try
        {
            while (true)
            {
                var line = Line();
                if (IdOf(line) is not { } id)
                    continue;
                lock (_asked)
                {
                    if (_asked.TryGetValue(id, out var asked))
                        asked.TrySetResult(Encoding.UTF8.GetString(line));
                }
            }
        }
        catch (Exception gone) when (gone is EndOfStreamException or IOException or ObjectDisposedException)
        {
            lock (_asked)
            {
                foreach (var asked in _asked.Values)
                    asked.TrySetException(gone);
            }
        }
    }

    private ReadOnlySpan<byte> Line()
    {
        var line = _lines.Read();
        if (line.Length > 0)
            return line;
        lock (_errors)
            throw new EndOfStreamException($"{_process.StartInfo.FileName} {string.Join(' ', _process.StartInfo.ArgumentList)} ended, or was silent for {Patience.TotalSeconds} s and was ended. {_errors}");
    }

    private void Write(string line)
    {
        _input.Write(Encoding.UTF8.GetBytes(line));
        _input.Flush();
    }

    private void Kill()
    {
        try
        {
            _process.Kill(entireProcessTree: true);
        }
        catch (InvalidOperationException)
        {
            // It is gone already.
        }
    }
}

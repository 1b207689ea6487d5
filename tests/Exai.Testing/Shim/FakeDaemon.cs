using System.Text.Json.Nodes;
using Exai.Protocol;
using Exai.Settings.Home;
using Exai.Shim.Link;

namespace Exai.Testing.Shim;

/// <summary>
/// A daemon in memory that a test scripts: it can be down, refuse, freeze, drop, answer late, twice or never, and restart under a new
/// epoch. Its journal outlives its restarts, as the real one's does: a call id that it knows is attached, never run again.
/// Records everything that it gets. For one thread; use it in a <see cref="Simulation"/>.
/// </summary>
/// <param name="peer">Another daemon with which it shares its store.</param>
internal sealed class FakeDaemon(ExaiHome home, VirtualTime time, FakeDaemon? peer = null) : ILinkDialer
{
    public const int Port = 8079;

    private readonly Dictionary<string, FakeCall> _journal = peer?._journal ?? new(StringComparer.Ordinal);
    private int _starts;
    private bool _frozen;

    public bool IsUp { get; private set; }

    public string Epoch { get; private set; } = "";

    public string Version { get; set; } = "0.1.0";

    /// <summary>Where it listens.</summary>
    public int ListensAt { get; set; } = Port;

    /// <summary>Thrown at the end of each dial that begins while it is set.</summary>
    public Exception? Refusal { get; set; }

    /// <summary>The token that it wants; null takes any.</summary>
    public string? Token { get; set; }

    /// <summary>How long an upgrade takes.</summary>
    public TimeSpan DialTakes { get; set; }

    public bool AnswersInitialize { get; set; } = true;

    public bool AnswersPings { get; set; } = true;

    public bool AnswersLists { get; set; } = true;

    /// <summary>Whether a call is answered as soon as it comes; otherwise <see cref="FakeCall.Answer"/> does it.</summary>
    public bool AnswersCalls { get; set; } = true;

    /// <summary>The result of <c>tools/list</c>.</summary>
    public string ToolList { get; set; } = """{"tools":[{"name":"chat","inputSchema":{"type":"object"}}]}""";

    /// <summary>Sees each message before the daemon's own ways do; true when it has dealt with it.</summary>
    public Func<FakeConnection, FakeMessage, bool>? Intercept { get; set; }

    /// <summary>The bytes of files, kept over restarts.</summary>
    public Dictionary<string, byte[]> Blobs { get; } = new(StringComparer.Ordinal);

    /// <summary>Every question for a blob and every blob sent.</summary>
    public List<string> BlobRequests { get; } = [];

    /// <summary>How long each of them takes.</summary>
    public TimeSpan BlobsTake { get; set; } = TimeSpan.FromMilliseconds(1);

    public List<FakeDial> Dials { get; } = [];

    public List<FakeConnection> Connections { get; } = [];

    /// <summary>The connection that is open.</summary>
    public FakeConnection Connection => Connections[^1].IsOpen ? Connections[^1] : throw new InvalidOperationException("No connection is open.");

    public bool IsConnected => Connections.Count > 0 && Connections[^1].IsOpen;

    /// <summary>The connection of one era that is open.</summary>
    public FakeConnection Link(string era) => Connections.Last(connection => connection.Era == era && connection.IsOpen);

    /// <summary>Every message of every connection.</summary>
    public IEnumerable<FakeMessage> Received => Connections.SelectMany(connection => connection.Received);

    public IReadOnlyCollection<FakeCall> Calls => _journal.Values;

    public FakeCall Call(int index = 0) => _journal.Values.ElementAt(index);

    /// <summary>Frozen, it takes connections and bytes as the kernel does for a stopped process, and does nothing with them.</summary>
    public bool Frozen
    {
        get => _frozen;
        set
        {
            _frozen = value;
            foreach (var connection in Connections.Where(connection => !value && connection.IsOpen))
            {
                connection.ReadOn();
            }
        }
    }

    /// <summary>Listens under a new epoch.</summary>
    public void Start(bool writesHealth = true)
    {
        IsUp = true;
        Epoch = $"epoch-{++_starts}";
        _frozen = false;
        if (writesHealth)
        {
            WriteHealth();
        }
    }

    /// <summary>What others say who listen elsewhere, by port.</summary>
    public Dictionary<int, LinkException> Strangers { get; } = [];

    public void WriteHealth() => HealthFile.Write(home, new HealthDocument { Epoch = Epoch, Port = ListensAt, Pid = 4711, Status = DaemonStatus.Ready });

    /// <summary>Tells its links that it drains, and takes no other one.</summary>
    public void Drain()
    {
        Refusal = new LinkException(LinkFailure.NotNow, "The daemon is ending; the next one will take its calls over.");
        foreach (var connection in Connections.Where(connection => connection.IsOpen))
        {
            connection.Push($$"""{"jsonrpc":"2.0","method":"{{LinkContract.DrainingNotification}}","params":{"epoch":"{{Epoch}}","reconnectAfterMs":0} }""");
        }
    }

    /// <summary>Ends as by <c>kill -9</c>: no close code, health file left behind.</summary>
    public void Kill() => Stop(closeCode: null);

    public void Stop(int? closeCode)
    {
        IsUp = false;
        Drop(closeCode);
    }

    public void Restart()
    {
        Kill();
        Start();
    }

    /// <summary>Cuts the connection; the daemon lives on.</summary>
    public void Drop(int? closeCode = null)
    {
        foreach (var connection in Connections)
        {
            connection.Cut(closeCode);
        }
    }

    public async Task<ILinkConnection> DialAsync(LinkEndpoint endpoint, CancellationToken cancellationToken)
    {
        Dials.Add(new FakeDial(time.GetUtcNow(), endpoint));
        var refusal = Refusal;
        await Task.Yield();
        if (endpoint.Patience is { } patience && patience < DialTakes)
        {
            await Task.Delay(patience, time, cancellationToken);
            throw new LinkException(LinkFailure.NotNow, $"Nobody at {endpoint.Host}:{endpoint.Port} answered within {patience.TotalSeconds} s.");
        }

        if (DialTakes > TimeSpan.Zero)
        {
            await Task.Delay(DialTakes, time, cancellationToken);
        }

        cancellationToken.ThrowIfCancellationRequested();
        if (Strangers.GetValueOrDefault(endpoint.Port) is { } stranger)
        {
            throw stranger;
        }

        if (refusal is not null)
        {
            throw refusal;
        }

        if (!IsUp || endpoint.Port != ListensAt)
        {
            throw new LinkException(LinkFailure.Unreachable, $"No daemon is reachable at {endpoint.Host}:{endpoint.Port} (ConnectionRefused).");
        }

        if (Token is not null && endpoint.Token != Token)
        {
            throw new LinkException(LinkFailure.Unauthorized, $"The daemon at {endpoint.Host}:{endpoint.Port} refused the token.");
        }

        var connection = new FakeConnection(this, endpoint.Era, Epoch, Version, time);
        Connections.Add(connection);
        return connection;
    }

    internal void Handle(FakeConnection connection, FakeMessage message)
    {
        if (Intercept?.Invoke(connection, message) is true)
        {
            return;
        }

        switch (message.Method)
        {
            case "initialize" when AnswersInitialize:
                connection.Result(message, """{"protocolVersion":"2025-11-25","capabilities":{"tools":{"listChanged":true}},"serverInfo":{"name":"exai","version":"0.1.0"}}""");
                break;
            case "ping" when AnswersPings:
                connection.Result(message, "{}");
                break;
            case ModernProtocol.Discover when AnswersPings:
                connection.Result(message, ModernResults.Discover().ToJsonString());
                break;
            case ModernProtocol.Listen:
                connection.Push($$"""{"jsonrpc":"2.0","method":"{{ModernProtocol.Acknowledged}}","params":{"notifications":{"toolsListChanged":true},"_meta":{"{{ModernProtocol.SubscriptionKey}}":{{message.IdJson}} } } }""");
                break;
            case "tools/list" when AnswersLists:
                connection.Result(message, ToolList);
                break;
            case "logging/setLevel":
                connection.Result(message, "{}");
                break;
            case "tools/call":
                StartOrAttach(connection, message);
                break;
        }
    }

    private void StartOrAttach(FakeConnection connection, FakeMessage message)
    {
        var callId = message.CallId ?? throw new InvalidOperationException("A call without a call id reached the daemon.");
        if (!_journal.TryGetValue(callId, out var call))
        {
            _journal.Add(callId, call = new FakeCall(callId, message));
        }

        call.Attach(connection, message);
        if (AnswersCalls)
        {
            call.Answer();
        }
    }
}

internal sealed record FakeDial(DateTimeOffset At, LinkEndpoint Endpoint);

/// <summary>A call in the fake journal.</summary>
internal sealed class FakeCall(string callId, FakeMessage first)
{
    private FakeConnection? _connection;
    private string? _outcome;

    public string CallId => callId;

    /// <summary>The client's id, as raw JSON.</summary>
    public string IdJson => first.IdJson!;

    /// <summary>Every time that it was sent, byte for byte.</summary>
    public List<FakeMessage> Sent { get; } = [];

    public bool IsDone => _outcome is not null;

    public void Attach(FakeConnection connection, FakeMessage message)
    {
        _connection = connection;
        Sent.Add(message);
        if (_outcome is not null)
        {
            Deliver();
        }
    }

    /// <summary>Journals the outcome and sends it, if the connection that asked last still stands.</summary>
    public void Answer(string? text = null)
    {
        Journal(text);
        Deliver();
    }

    public void Journal(string? text = null) => _outcome ??= $$"""{"content":[{"type":"text","text":"{{text ?? $"answer to {callId}"}}"}],"isError":false,"structuredContent":{"n":1.50},"x-unknown":[1, 2]}""";

    public void Deliver()
    {
        if (_connection?.IsOpen is true)
        {
            _connection.Push($$"""{"jsonrpc":"2.0","id":{{IdJson}},"result":{{_outcome}}}""");
        }
    }

    public void Progress(double value, string text = "thinking")
    {
        if (_connection?.IsOpen is true && first.Json["params"]!["_meta"]?["progressToken"] is JsonNode token)
        {
            _connection.Push($$$"""{"jsonrpc":"2.0","method":"notifications/progress","params":{"progressToken":{{{token.ToJsonString()}}},"progress":{{{value}}},"message":"{{{text}}}"}}""");
        }
    }
}

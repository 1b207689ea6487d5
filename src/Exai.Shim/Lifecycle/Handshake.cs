using System.Text;
using Exai.Protocol;
using Exai.Shim.Messages;

namespace Exai.Shim.Lifecycle;

/// <summary>
/// What the client said once and every daemon has to hear: its <c>initialize</c> and its log level. Told by the relay's loop, read on
/// the link's task too: each part is replaced whole, never changed.
/// </summary>
internal sealed class Handshake(string ownIdPrefix)
{
    private volatile byte[] _initializeParams = [];
    private volatile byte[] _logLevel = [];
    private volatile byte[] _replayedLogLevel = [];

    /// <summary>As it names itself; null when it does not.</summary>
    public string? ClientName { get; private set; }

    /// <summary>Whether the client may send several messages as one array: versions of the protocol up to 2025-03-26.</summary>
    public bool HasBatches { get; private set; }

    public void OnInitialize(Envelope request)
    {
        _initializeParams = request.Param().ToArray();
        ClientName = request.ParamText("clientInfo", "name");
        HasBatches = request.ParamText("protocolVersion") is LinkContract.LastVersionWithBatches or LinkContract.FirstVersion;
    }

    public void OnLogLevel(Envelope request) => _logLevel = request.Param().ToArray();

    /// <summary>The message that tells a daemon the log level, under an id of the shim's own: the client has been answered; null when the client set none.</summary>
    public byte[]? LogLevel => _logLevel is { Length: > 0 } level ? SetLevel(level) : null;

    /// <summary>The level was set while the link was validated, so that the replay lacked it.</summary>
    public bool LogLevelMissed => _replayedLogLevel != _logLevel;

    /// <summary>What a new connection hears first.</summary>
    public IReadOnlyList<ReadOnlyMemory<byte>> Replay(RequestId initializeId)
    {
        var parameters = _initializeParams is { Length: > 0 } saved
            ? Encoding.UTF8.GetString(saved)
            : $$$"""{"protocolVersion":"{{{LinkContract.LegacyVersions[0]}}}","capabilities":{},"clientInfo":{"name":"exai-shim","version":"{{{Product.Version}}}"}}""";
        var replay = new List<ReadOnlyMemory<byte>>
        {
            RpcMessages.Request(initializeId, "initialize", parameters),
            RpcMessages.Notification("notifications/initialized"),
        };
        if ((_replayedLogLevel = _logLevel) is { Length: > 0 } level)
        {
            replay.Add(SetLevel(level));
        }

        return replay;
    }

    private byte[] SetLevel(byte[] level) => RpcMessages.Request(new RequestId(ownIdPrefix + "log", 0), "logging/setLevel", Encoding.UTF8.GetString(level));
}

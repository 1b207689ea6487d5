namespace Exai.Daemon.Link;

/// <summary>One session, as the operations endpoint shows it.</summary>
/// <param name="Transport">websocket (a shim's link) | http (a client at <c>/mcp</c>).</param>
/// <param name="Era">legacy | modern.</param>
/// <param name="Client">As it named itself; null before it said so.</param>
/// <param name="ShimVersion">Null for a client that is no shim.</param>
/// <param name="ConnectedAt">For a client at <c>/mcp</c>: when this daemon first met it.</param>
/// <param name="LastUsedAt">Its last request; null for a link, which is there or not.</param>
/// <param name="Reconnects">Of a link, since this daemon started.</param>
/// <param name="DowntimeMs">The sum over those.</param>
internal sealed record ConnectedSession(
    string SessionId, string Transport, string Era, string? Client, string? ClientVersion, string? ShimVersion, DateTimeOffset ConnectedAt,
    DateTimeOffset? LastUsedAt, int Reconnects, long DowntimeMs);

/// <summary>The words of <see cref="ConnectedSession.Transport"/>.</summary>
internal static class SessionTransports
{
    public const string WebSocket = "websocket";
    public const string Http = "http";
}

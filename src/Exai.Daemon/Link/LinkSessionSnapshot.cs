namespace Exai.Daemon.Link;

/// <summary>One connected session, as the operations endpoint shows it.</summary>
/// <param name="Era">legacy | modern.</param>
/// <param name="Client">As it named itself; null before it said so.</param>
/// <param name="ShimVersion">Null for a client that is no shim.</param>
/// <param name="Reconnects">Since this daemon started.</param>
/// <param name="DowntimeMs">The sum over those.</param>
internal sealed record LinkSessionSnapshot(
    string SessionId, string Era, string? Client, string? ClientVersion, string? ShimVersion, DateTimeOffset ConnectedAt, int Reconnects, long DowntimeMs);

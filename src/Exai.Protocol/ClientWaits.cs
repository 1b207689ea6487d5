namespace Exai.Protocol;

/// <summary>
/// How long a client lets one tool call block before it gives up. What clients call themselves is a hint, good enough to choose a
/// waiting time by; an unknown one gets what the most impatient of the common ones allow.
/// </summary>
public static class ClientWaits
{
    /// <summary>Common clients give up after 60 s, and tell nobody whether progress would change that.</summary>
    public static readonly TimeSpan Unknown = TimeSpan.FromSeconds(45);

    /// <summary>By the beginning of <c>clientInfo.name</c>, in any case.</summary>
    private static readonly (string Prefix, TimeSpan Wait)[] Known =
    [
        ("claude-code", TimeSpan.FromSeconds(110)), // moves a call to the background after 120 s
        ("codex", TimeSpan.FromSeconds(270)), // its limit is 300 s
        ("visual studio code", TimeSpan.FromSeconds(600)), // has no limit; a person may still wonder
        ("exai-cli", TimeSpan.FromDays(1)), // waits for its call as long as there is one
    ];

    /// <param name="clientName">Null when it gave none.</param>
    /// <param name="setting">EXAI_CLIENT_WAIT_SECS, which outranks the table.</param>
    public static TimeSpan For(string? clientName, TimeSpan? setting) =>
        setting ?? Known.Where(known => clientName?.StartsWith(known.Prefix, StringComparison.OrdinalIgnoreCase) is true).Select(known => known.Wait).FirstOrDefault(Unknown);
}

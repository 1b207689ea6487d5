using System.Globalization;

namespace Exai.Protocol;

/// <summary>What a shim tells of the link that it lost, in the upgrade of the next: <c>Exai-Reconnect: attempts=3, down-ms=1200</c>.</summary>
/// <param name="Attempts">Dials since the loss, the successful one included.</param>
/// <param name="Downtime">Since the loss.</param>
public sealed record Reconnect(int Attempts, TimeSpan Downtime)
{
    public const string Header = "Exai-Reconnect";

    /// <summary>Null for whatever is not in this form.</summary>
    public static Reconnect? TryParse(string? text) =>
        text?.Split([", "], StringSplitOptions.None) is [var attempts, var downtime]
        && TryNumber(attempts, "attempts=") is { } dials
        && TryNumber(downtime, "down-ms=") is { } milliseconds
            ? new Reconnect(dials, TimeSpan.FromMilliseconds(milliseconds))
            : null;

    public override string ToString() => string.Create(CultureInfo.InvariantCulture, $"attempts={Attempts}, down-ms={Math.Min(Downtime.TotalMilliseconds, int.MaxValue):0}");

    private static int? TryNumber(string text, string name) =>
        text.StartsWith(name, StringComparison.Ordinal) && int.TryParse(text.AsSpan(name.Length), NumberStyles.None, CultureInfo.InvariantCulture, out var number) ? number : null;
}

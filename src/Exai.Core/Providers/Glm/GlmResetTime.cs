using System.Globalization;
using System.Text.RegularExpressions;

namespace Exai.Core.Providers.Glm;

/// <summary>
/// Reads "Your limit will reset at 2026-10-01 08:00:00" and its Chinese form. The time is UTC+8 unless a zone stands beside it, on the
/// international host too.
/// </summary>
internal static partial class GlmResetTime
{
    private static readonly TimeSpan China = TimeSpan.FromHours(8);

    public static DateTimeOffset? Read(string message)
    {
        var match = Pattern().Match(message);
        var written = match.Groups["date"].Value + " " + match.Groups["time"].Value;
        if (!DateTime.TryParseExact(written, "yyyy-MM-dd HH:mm:ss", CultureInfo.InvariantCulture, DateTimeStyles.None, out var local))
            return null;

        var offset = Offset(match.Groups["zone"].Value);
        // The first and last days of the calendar cannot carry every offset.
        return local.Year is > 1 and < 9999 ? new DateTimeOffset(local, offset) : null;
    }

    private static TimeSpan Offset(string zone)
    {
        if (zone.Length == 0)
            return China;

        var sign = zone.AsSpan().IndexOfAny('+', '-');
        if (sign < 0)
            return TimeSpan.Zero;

        var digits = zone[(sign + 1)..].Replace(":", "", StringComparison.Ordinal);
        var hours = int.Parse(digits[..Math.Min(2, digits.Length)], CultureInfo.InvariantCulture);
        var minutes = digits.Length == 4 ? int.Parse(digits[2..], CultureInfo.InvariantCulture) : 0;
        if (hours > 13 || minutes > 59)
            return China;

        var offset = new TimeSpan(hours, minutes, 0);
        return zone[sign] == '-' ? -offset : offset;
    }

    [GeneratedRegex(
        @"(?:resets?\s+at|在)\s*(?<date>\d{4}-\d{2}-\d{2})[ T](?<time>\d{2}:\d{2}:\d{2})"
        + @"(?:\s*\(?(?<zone>(?:UTC|GMT)?[+-]\d{1,2}(?::?\d{2})?|Z\b|UTC\b|GMT\b))?",
        RegexOptions.IgnoreCase | RegexOptions.CultureInvariant)]
    private static partial Regex Pattern();
}

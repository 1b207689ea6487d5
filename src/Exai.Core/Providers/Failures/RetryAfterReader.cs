using System.Globalization;
using System.Net.Http.Headers;

namespace Exai.Core.Providers.Failures;

/// <summary>How long the provider asks to wait: <c>retry-after-ms</c>, <c>Retry-After</c> as seconds or date, <c>x-retry-after</c>.</summary>
internal static class RetryAfterReader
{
    /// <summary>Beyond this a number is a mistake, and nobody waits for it anyway.</summary>
    private static readonly TimeSpan Longest = TimeSpan.FromDays(31);

    public static TimeSpan? Read(HttpResponseHeaders headers, DateTimeOffset now) =>
        Number(headers, "retry-after-ms", TimeSpan.TicksPerMillisecond)
        ?? Number(headers, "Retry-After", TimeSpan.TicksPerSecond)
        ?? Date(headers, now)
        ?? Number(headers, "x-retry-after", TimeSpan.TicksPerSecond);

    public static TimeSpan? Until(DateTimeOffset moment, DateTimeOffset now) =>
        moment - now is var wait && wait > Longest ? null : wait < TimeSpan.Zero ? TimeSpan.Zero : wait;

    private static TimeSpan? Number(HttpResponseHeaders headers, string name, long unit) =>
        Value(headers, name) is { } text
        && double.TryParse(text, NumberStyles.Float, CultureInfo.InvariantCulture, out var number)
        && number >= 0 && number * unit <= Longest.Ticks
            ? new TimeSpan((long)(number * unit))
            : null;

    private static TimeSpan? Date(HttpResponseHeaders headers, DateTimeOffset now) =>
        DateTimeOffset.TryParseExact(Value(headers, "Retry-After"), "r", CultureInfo.InvariantCulture, DateTimeStyles.AssumeUniversal, out var date)
            ? Until(date, now)
            : null;

    // Raw: a server that writes nonsense must not cost an exception.
    private static string? Value(HttpResponseHeaders headers, string name) =>
        headers.NonValidated.TryGetValues(name, out var values) ? values.ToString().Trim() : null;
}

using System.Text.Json;

namespace Exai.Core.Providers.Services;

/// <summary>Times that servers write as a number: seconds, or milliseconds, which the size tells apart.</summary>
internal static class UnixTime
{
    /// <summary>Beyond it, seconds would be in the year 5138.</summary>
    private const long MostSeconds = 100_000_000_000;

    /// <summary>In milliseconds, the end of the year 9999.</summary>
    private const long MostMilliseconds = 253_402_300_799_999;

    public static DateTimeOffset? Read(JsonElement holder, string name) => holder.Number(name) switch
    {
        > MostSeconds and <= MostMilliseconds and var milliseconds => DateTimeOffset.FromUnixTimeMilliseconds(milliseconds),
        > 0 and <= MostSeconds and var seconds => DateTimeOffset.FromUnixTimeSeconds(seconds),
        _ => null,
    };
}

using System.Globalization;
using Exai.Protocol;

namespace Exai.Core.Tokens;

/// <summary>
/// What a token's limits refuse, in words. Nothing was run. What passes soon is OVER_CAPACITY, which a shim waits out by itself and sends the call again;
/// a used-up day is RATE_LIMITED, which nobody should wait out.
/// </summary>
internal static class TokenErrors
{
    public static CallError Concurrent(string token, int most, long running, TimeSpan retryAfter) => new()
    {
        Code = ErrorCodes.OverCapacity,
        RetryAfterSecs = retryAfter.TotalSeconds,
        Message = $"The token '{token}' may run {Calls(most)} at once, and {running} run. Nothing was run. Send the call again when one of them has ended, " +
            $"at the earliest in {retryAfter.TotalSeconds:0} s.",
    };

    public static CallError PerMinute(string token, int most, TimeSpan retryAfter) => new()
    {
        Code = ErrorCodes.OverCapacity,
        RetryAfterSecs = Math.Max(1, Math.Ceiling(retryAfter.TotalSeconds)),
        Message = $"The token '{token}' may make {Calls(most)} a minute, and has made them. Nothing was run. " +
            $"Send the call again in {Math.Max(1, Math.Ceiling(retryAfter.TotalSeconds)):0} s.",
    };

    public static CallError Cost(string token, decimal most, double spent, TimeSpan untilMidnight) => new()
    {
        Code = ErrorCodes.RateLimited,
        RetryAfterSecs = Math.Ceiling(untilMidnight.TotalSeconds),
        Message = string.Create(
            CultureInfo.InvariantCulture,
            $"The token '{token}' may cost {most:0.####} USD a day, and has cost {spent:0.####} USD since midnight UTC. Nothing was run. " +
            $"Ask again in {Math.Floor(untilMidnight.TotalHours):0} h {untilMidnight.Minutes} min, after midnight UTC, or ask the owner of this daemon for more."),
    };

    public static CallException Model(string asked, ModelAllowance models) => new(
        ErrorCodes.ModelNotFound, $"The model {asked} is not among those that your token may ask: {string.Join(", ", models.Entries)}. Name one of them, or none.");

    public static CallException NoModel(ModelAllowance models) => new(
        ErrorCodes.NoProvider,
        $"None of the models that your token may ask can be chosen here: {string.Join(", ", models.Entries)}. Name one in full as provider/id, or ask the owner of this daemon.");

    private static string Calls(int count) => count == 1 ? "1 call" : $"{count} calls";
}

using System.Data.Common;
using Exai.Core.Calls;
using Exai.Core.Threads;
using Exai.Core.Tokens;
using Exai.Protocol;

namespace Exai.Core.Storage.Sql;

/// <summary>
/// Whether a call of a named token may be journaled, asked in the transaction that does it: what it counts, all daemons on the store have written. Two
/// daemons that accept a call in the very same moment do not see each other's, so a limit can be passed by as many calls as there are further daemons.
/// </summary>
internal static class TokenChecks
{
    private static readonly TimeSpan Minute = TimeSpan.FromMinutes(1);

    /// <summary>For the shim, which asks again by itself.</summary>
    private static readonly TimeSpan RetryConcurrent = TimeSpan.FromSeconds(2);

    /// <summary>How far the clocks of hosts may be apart before the lease of a living daemon's call looks over. A call whose daemon is dead counts no longer.</summary>
    private static readonly TimeSpan ClockSkew = TimeSpan.FromSeconds(10);

    /// <returns>Why not; null when it may, or is journaled already.</returns>
    public static async ValueTask<CallError?> RefusalAsync(DbConnection connection, NewCall call, string token, DateTimeOffset now, long leaseClock)
    {
        if (await connection.ScalarAsync<long>("SELECT COUNT(*) FROM calls WHERE call_id = @call", ("@call", call.Request.CallId)) > 0)
        {
            return null;
        }

        if (call.ContinuesThread && await IsAnothersAsync(connection, call.ThreadId, token))
        {
            return ThreadReader.Unknown(call.ThreadId);
        }

        var limits = call.Limits ?? new TokenLimits();
        return await CostAsync(connection, token, limits, now) ?? await PerMinuteAsync(connection, token, limits, now) ?? await ConcurrentAsync(connection, token, limits, leaseClock);
    }

    /// <summary>A thread belongs to whoever began it, and before it has a turn to whoever has the first call on it. One that is not there is nobody's.</summary>
    private static async ValueTask<bool> IsAnothersAsync(DbConnection connection, string threadId, string token)
    {
        static Whose Read(DbDataReader reader) => new(reader.TextOrNull("token"));
        var whose = await connection.FirstAsync("SELECT token FROM threads WHERE thread_id = @thread", Read, ("@thread", threadId))
            ?? await connection.FirstAsync("SELECT token FROM calls WHERE thread_id = @thread ORDER BY thread_place LIMIT 1", Read, ("@thread", threadId));
        return whose is not null && whose.Token != token;
    }

    private static async ValueTask<CallError?> CostAsync(DbConnection connection, string token, TokenLimits limits, DateTimeOffset now)
    {
        if (limits.UsdPerDay is not { } most)
        {
            return null;
        }

        var day = TokenLimits.DayOf(now);
        var spent = await connection.ScalarAsync<double>(
            "SELECT COALESCE(SUM(CAST(cost_usd AS DOUBLE PRECISION)), 0.0) FROM attempts WHERE token = @token AND started_at >= @day",
            ("@token", token), ("@day", day.ToUnixTimeMilliseconds()));
        return (decimal)spent < most ? null : TokenErrors.Cost(token, most, spent, day.AddDays(1) - now);
    }

    private static async ValueTask<CallError?> PerMinuteAsync(DbConnection connection, string token, TokenLimits limits, DateTimeOffset now)
    {
        if (limits.PerMinute is not { } most)
        {
            return null;
        }

        // The one whose minute has to end before there is room.
        var oldest = await connection.FirstAsync(
            "SELECT accepted_at FROM calls WHERE token = @token AND accepted_at > @since ORDER BY accepted_at DESC LIMIT 1 OFFSET @skip",
            reader => new Moment(reader.Time("accepted_at")),
            ("@token", token), ("@since", (now - Minute).ToUnixTimeMilliseconds()), ("@skip", most - 1));
        return oldest is null ? null : TokenErrors.PerMinute(token, most, oldest.At + Minute - now);
    }

    private static async ValueTask<CallError?> ConcurrentAsync(DbConnection connection, string token, TokenLimits limits, long leaseClock)
    {
        if (limits.Concurrent is not { } most)
        {
            return null;
        }

        var running = await connection.ScalarAsync<long>(
            "SELECT COUNT(*) FROM calls WHERE token = @token AND finished_at IS NULL AND lease_until > @alive",
            ("@token", token), ("@alive", leaseClock - (long)ClockSkew.TotalMilliseconds));
        return running < most ? null : TokenErrors.Concurrent(token, most, running, RetryConcurrent);
    }

    private sealed record Whose(string? Token);

    private sealed record Moment(DateTimeOffset At);
}

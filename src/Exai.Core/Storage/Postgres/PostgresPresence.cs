using System.Data.Common;
using Exai.Core.Telemetry;
using Microsoft.Extensions.Logging;
using Npgsql;

namespace Exai.Core.Storage.Postgres;

/// <summary>Whether a server can be reached, what people are told of it, and how it is waited for. Thread-safe.</summary>
/// <param name="name">The database, without secrets.</param>
internal sealed class PostgresPresence(DbDataSource source, string name, TimeProvider time, ILogger logger)
{
    private static readonly TimeSpan FirstWait = TimeSpan.FromMilliseconds(50);
    private static readonly TimeSpan LongestWait = TimeSpan.FromSeconds(1);

    private readonly Lock _lock = new();
    private volatile string? _away;
    private DateTimeOffset _awaySince;
    private bool _takesNoWrites;

    /// <summary>Why the server cannot be reached, for people; null when it can.</summary>
    public string? Away => _away;

    /// <summary>Tries until the server is there.</summary>
    public async Task<T> WhenThereAsync<T>(Func<Task<T>> attempt, CancellationToken cancellationToken)
    {
        for (var tries = 0; ; tries++)
        {
            try
            {
                var result = await attempt();
                NoticeBack(wrote: false);
                return result;
            }
            catch (Exception failure) when (PostgresFailures.IsAway(failure))
            {
                NoticeAway(failure);
            }

            await WaitAsync(tries, cancellationToken);
        }
    }

    /// <param name="tries">How many have come to nothing before.</param>
    public Task WaitAsync(int tries, CancellationToken cancellationToken)
    {
        var wait = FirstWait * Math.Pow(2, Math.Min(tries, 10));
        return Task.Delay(wait < LongestWait ? wait : LongestWait, time, cancellationToken);
    }

    public void NoticeAway(Exception failure)
    {
        // What is pooled leads to a server that was there before.
        (source as NpgsqlDataSource)?.Clear();
        var reason = PostgresFailures.Reason(failure);
        lock (_lock)
        {
            _takesNoWrites = failure is PostgresException { SqlState: PostgresErrorCodes.ReadOnlySqlTransaction };
            if (_away is null)
            {
                _awaySince = time.GetUtcNow();
                StoreLog.Away(logger, name, reason);
            }

            _away = $"The database {name} cannot be reached since {_awaySince:HH:mm:ss} UTC: {reason}. Calls are held until it is there; look at the server, or at EXAI_STORE.";
        }
    }

    public void NoticeBack(bool wrote)
    {
        if (_away is null)
        {
            return;
        }

        lock (_lock)
        {
            if (_away is not null && (wrote || !_takesNoWrites))
            {
                _away = null;
                StoreLog.Back(logger, name, (time.GetUtcNow() - _awaySince).TotalSeconds);
            }
        }
    }
}

using System.Collections.Concurrent;
using Exai.Core.Calls;
using Exai.Core.Storage.Sql;
using Exai.Settings;
using Npgsql;

namespace Exai.Core.Storage.Postgres;

/// <summary>
/// What daemons say to each other by LISTEN and NOTIFY. A connection of its own listens; while it is away nothing is heard, and whoever waits looks
/// by himself.
/// </summary>
public sealed class PostgresNews : ICallNews
{
    /// <summary>Who waits asks again before.</summary>
    private static readonly TimeSpan WaiterKept = TimeSpan.FromSeconds(30);

    private static readonly TimeSpan AskEvery = TimeSpan.FromSeconds(2);
    private static readonly TimeSpan Pause = TimeSpan.FromSeconds(1);

    private readonly ConcurrentDictionary<string, Waiter> _waiters = new(StringComparer.Ordinal);

    /// <summary>Calls that run here, and when another daemon last asked what they are doing.</summary>
    private readonly ConcurrentDictionary<string, long> _askedAfter = new(StringComparer.Ordinal);

    private readonly CancellationTokenSource _closing = new();
    private readonly NpgsqlDataSource _source;
    private readonly TimeProvider _time;
    private readonly Task _listening;
    private Func<string, CallProgress?> _progress = _ => null;

    public PostgresNews(PostgresAddress address, TimeProvider time)
    {
        // One connection listens, another answers; they wait for no reader of the journal.
        var text = PostgresConnections.Text(address);
        text.MaxPoolSize = 4;
        text.KeepAlive = 10;
        // Whoever waits looks by himself after this; a server that is gone must not hold him up for longer.
        text.Timeout = 2;
        text.CommandTimeout = 1;
        // One that listened is not to answer.
        text.NoResetOnClose = false;
        (_source, _time) = (NpgsqlDataSource.Create(text), time);
        _listening = ListenAsync();
    }

    public event Action? CancelAsked;

    /// <summary>Raised when a daemon, named by its epoch, waits for permits or has given some back; empty when nobody knows who.</summary>
    public event Action<string>? PermitsMoved;

    /// <summary>Raised when a named token was added or revoked, or may have been.</summary>
    public event Action? TokensChanged;

    public Func<string, CallProgress?> Progress
    {
        set => _progress = value;
    }

    public bool IsAwaited(string callId) => _askedAfter.ContainsKey(callId);

    public async Task WaitAsync(string callId, TimeSpan most, Action<CallProgress> report, CancellationToken cancellationToken)
    {
        if (!_waiters.TryGetValue(callId, out var waiter))
        {
            ForgetThoseWhoLeft();
            waiter = _waiters.GetOrAdd(callId, new Waiter());
        }

        waiter.Report = report;
        if (waiter.AskedAt is not { } asked || _time.GetElapsedTime(asked) >= AskEvery)
        {
            waiter.AskedAt = _time.GetTimestamp();
            await TrySayAsync(CallTopics.Of(CallTopics.Ask, callId), cancellationToken);
        }

        await Waiting.ForAsync(waiter.Ended.Task, most, _time, cancellationToken);
        cancellationToken.ThrowIfCancellationRequested();
    }

    public async ValueTask DisposeAsync()
    {
        _closing.Cancel();
        await _listening;
        await _source.DisposeAsync();
        _closing.Dispose();
    }

    private async Task ListenAsync()
    {
        try
        {
            while (true)
            {
                await TryListenAsync();
                await Task.Delay(Pause, _time, _closing.Token);
            }
        }
        catch (OperationCanceledException)
        {
            // The daemon ends.
        }
    }

    /// <summary>Until the connection breaks.</summary>
    private async Task TryListenAsync()
    {
        try
        {
            await using var connection = await _source.OpenConnectionAsync(_closing.Token);
            var heard = new ConcurrentQueue<string>();
            connection.Notification += (_, news) => heard.Enqueue(news.Payload);
            await connection.ExecuteAsync($"LISTEN {SqlDialect.Channel}");
            // Whatever was said before.
            CancelAsked?.Invoke();
            PermitsMoved?.Invoke("");
            TokensChanged?.Invoke();
            while (true)
            {
                await connection.WaitAsync(_closing.Token);
                while (heard.TryDequeue(out var news))
                {
                    await HearAsync(news);
                }
            }
        }
        catch (Exception failure) when (failure is not OperationCanceledException)
        {
            // The journal's own connections tell what is wrong with the server.
        }
    }

    private async Task HearAsync(string news)
    {
        var parts = news.Split('/', 3);
        if (parts.Length < 2)
        {
            return;
        }

        var (topic, callId) = (parts[0], parts[1]);
        switch (topic)
        {
            case CallTopics.Cancel:
                CancelAsked?.Invoke();
                break;
            case CallTopics.Permits:
                PermitsMoved?.Invoke(callId);
                break;
            case CallTopics.Tokens:
                TokensChanged?.Invoke();
                break;
            case CallTopics.Ended when _waiters.TryRemove(callId, out var waiter):
                waiter.Ended.TrySetResult();
                break;
            case CallTopics.Ask when _progress(callId) is { Stage: not CallStages.Elsewhere } progress:
                ForgetThoseWhoLeft();
                _askedAfter[callId] = _time.GetTimestamp();
                await TrySayAsync($"{CallTopics.Of(CallTopics.Progress, callId)}/{progress.Text}", _closing.Token);
                break;
            case CallTopics.Progress when parts.Length == 3 && _waiters.TryGetValue(callId, out var waiter):
                waiter.Report?.Invoke(new CallProgress(parts[2], CallStages.Elsewhere));
                break;
        }
    }

    private void ForgetThoseWhoLeft()
    {
        foreach (var (callId, waiter) in _waiters)
        {
            if (waiter.AskedAt is { } asked && _time.GetElapsedTime(asked) > WaiterKept)
            {
                _waiters.TryRemove(callId, out _);
            }
        }

        foreach (var (callId, asked) in _askedAfter)
        {
            if (_time.GetElapsedTime(asked) > WaiterKept)
            {
                _askedAfter.TryRemove(callId, out _);
            }
        }
    }

    private async Task TrySayAsync(string what, CancellationToken cancellationToken)
    {
        try
        {
            await using var connection = await _source.OpenConnectionAsync(cancellationToken);
            await connection.ExecuteAsync(SqlDialect.Postgres.Say!, ("@what", what));
        }
        catch (Exception failure) when (failure is NpgsqlException or TimeoutException or IOException or System.Net.Sockets.SocketException)
        {
            // A hint that nobody hears.
        }
    }

    /// <summary>Whoever waits for a call here.</summary>
    private sealed class Waiter
    {
        public TaskCompletionSource Ended { get; } = new(TaskCreationOptions.RunContinuationsAsynchronously);

        public Action<CallProgress>? Report { get; set; }

        public long? AskedAt { get; set; }
    }
}

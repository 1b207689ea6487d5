using System.Collections.Concurrent;
using System.Security.Cryptography;
using Exai.Core.Calls;
using Exai.Core.Storage;
using Exai.Core.Telemetry;
using Exai.Protocol;
using Microsoft.Extensions.Logging;

namespace Exai.Core.Tokens;

/// <summary>
/// The tokens as this daemon knows them. No request asks the store: it is read every three seconds, and at once when another daemon or a command says that
/// something has changed. A token that is gone from it then fires its <see cref="Caller.Revoked"/>. While the store cannot be read, what was read last
/// holds; no call can be accepted without it anyway. Thread-safe.
/// </summary>
public sealed class TokenRegistry : ITokenBook, IAsyncDisposable
{
    private static readonly TimeSpan LookEvery = TimeSpan.FromSeconds(3);

    /// <summary>To how much the store knows when a token was used: a row that is written at each use would cost more than it tells.</summary>
    private static readonly TimeSpan UseKept = TimeSpan.FromMinutes(10);

    private const string WrongSecret = "wrong token";
    private const string RevokedSecret = "revoked token";

    private readonly ITokenStore _store;
    private readonly TimeProvider _time;
    private readonly ILogger _logger;
    private readonly RefusalBook _refusals;
    private readonly CancellationTokenSource _stopping = new();
    private readonly SemaphoreSlim _looking = new(1, 1);
    private readonly ConcurrentDictionary<string, (Caller Caller, CancellationTokenSource Revoke)> _callers = new(StringComparer.Ordinal);
    private readonly Task _running;
    private TaskCompletionSource _wake = NewWake();
    private volatile Known? _known;

    public TokenRegistry(ITokenStore store, TimeProvider time, ILogger logger)
    {
        (_store, _time, _logger, _refusals) = (store, time, logger, new RefusalBook(time));
        _running = RunAsync();
    }

    /// <summary>False until the store has been read: before that nobody can say whether a token is good.</summary>
    public bool IsRead => _known is not null;

    /// <summary>Who has this secret; null when it is no good token's.</summary>
    /// <param name="from">Where it came from, for the owner to read.</param>
    public Caller? Find(string secret, string from)
    {
        // Where nobody has a named token, a wrong one costs nothing more.
        if (_known is not { Tokens.Count: > 0 } known)
        {
            return null;
        }

        var hash = TokenSecret.HashBytes(secret);
        NamedToken? found = null;
        foreach (var (kept, token) in known.Tokens)
        {
            // All of them, so that the time tells nothing about which one it is.
            if (CryptographicOperations.FixedTimeEquals(kept, hash))
            {
                found = token;
            }
        }

        if (found is { RevokedAt: null } && _callers.TryGetValue(found.Hash, out var entry))
        {
            entry.Caller.Used(_time);
            return entry.Caller;
        }

        _refusals.Add(found?.Name ?? "", found is null ? WrongSecret : RevokedSecret, $"from {from}");
        return null;
    }

    public async ValueTask<TokenLimits> LimitsAsync(string token, CancellationToken cancellationToken)
    {
        if (_known?.ByName.GetValueOrDefault(token) is { } known)
        {
            return known.Limits;
        }

        await LookAsync(cancellationToken);
        return _known?.ByName.GetValueOrDefault(token)?.Limits
            ?? throw new CallException(ErrorCodes.Unauthorized, $"The token '{token}' is not known here. Ask the owner of this daemon for a new one.");
    }

    public void Refused(string token, CallError error) => _refusals.Add(token, error.Code, error.Message);

    /// <summary>Somebody said that something has changed.</summary>
    public void Look() => Volatile.Read(ref _wake).TrySetResult();

    public async ValueTask DisposeAsync()
    {
        _stopping.Cancel();
        await _running;
        await TryWriteAsync(all: true);
        _stopping.Dispose();
        _looking.Dispose();
    }

    private static TaskCompletionSource NewWake() => new(TaskCreationOptions.RunContinuationsAsynchronously);

    private async Task RunAsync()
    {
        try
        {
            while (true)
            {
                // Before the look: a change that is told during it is looked for again.
                var wake = NewWake();
                Volatile.Write(ref _wake, wake);
                await TryLookAsync();
                await TryWriteAsync(all: false);
                await Waiting.ForAsync(wake.Task, LookEvery, _time, _stopping.Token);
                _stopping.Token.ThrowIfCancellationRequested();
            }
        }
        catch (OperationCanceledException)
        {
            // The daemon ends.
        }
    }

    private async Task TryLookAsync()
    {
        try
        {
            await LookAsync(_stopping.Token);
        }
        catch (StoreException failure) when (!_stopping.IsCancellationRequested)
        {
            TokenLog.NotRead(_logger, failure.Message);
        }
        catch (StoreException)
        {
            // The daemon ends.
        }
    }

    private async Task LookAsync(CancellationToken cancellationToken)
    {
        // One after another: what was read first must not be taken for what is newer.
        await _looking.WaitAsync(cancellationToken);
        try
        {
            Take(await _store.ListAsync(cancellationToken));
        }
        finally
        {
            _looking.Release();
        }
    }

    private void Take(IReadOnlyList<NamedToken> tokens)
    {
        foreach (var token in tokens)
        {
            if (token.RevokedAt is null)
            {
                _callers.GetOrAdd(token.Hash, (_, name) => NewCaller(name), token.Name);
            }
            else if (_callers.TryRemove(token.Hash, out var gone))
            {
                TokenLog.Revoked(_logger, token.Name);
                gone.Revoke.Cancel();
            }
        }

        // The oldest first, so that of several of one name the last is known by it.
        var byName = new Dictionary<string, NamedToken>(StringComparer.Ordinal);
        foreach (var token in tokens)
        {
            byName[token.Name] = token;
        }

        _known = new Known([.. tokens.Select(token => (Convert.FromHexString(token.Hash), token))], byName);
    }

    private static (Caller Caller, CancellationTokenSource Revoke) NewCaller(string name)
    {
        var revoke = new CancellationTokenSource();
        return (new Caller(name, revoke.Token), revoke);
    }

    /// <summary>What the store should know of uses and refusals.</summary>
    private async Task TryWriteAsync(bool all)
    {
        try
        {
            var used = (_known?.Tokens ?? []).Select(entry => entry.Token)
                .Where(token => _callers.TryGetValue(token.Hash, out var entry) && IsNews(entry.Caller.UsedAt, token.LastUsedAt)).Select(token => token.Hash).ToList();
            if (used.Count > 0)
            {
                await _store.UsedAsync(used, _time.GetUtcNow(), CancellationToken.None);
            }

            if (_refusals.Take(all) is { Count: > 0 } due)
            {
                await _store.RecordAsync(due, CancellationToken.None);
            }
        }
        catch (StoreException)
        {
            // The rows of these minutes are missing; whoever has to know of the store hears of it elsewhere.
        }
    }

    private static bool IsNews(long usedAt, DateTimeOffset? known) =>
        usedAt > 0 && (known is null || usedAt - known.Value.ToUnixTimeMilliseconds() >= UseKept.TotalMilliseconds);

    /// <param name="Tokens">All there ever were, with their hashes.</param>
    private sealed record Known(IReadOnlyList<(byte[] Hash, NamedToken Token)> Tokens, IReadOnlyDictionary<string, NamedToken> ByName);
}

using Exai.Core.Storage;
using Exai.Protocol;

namespace Exai.Core.Models;

/// <summary>
/// What one call has asked of models: every attempt with its price, the models that failed, the longest part of an answer. Kept in the ledger
/// as it happens, so that a later run knows what an earlier one spent. A ledger that cannot be written costs nothing but the entry.
/// Thread-safe.
/// </summary>
/// <param name="token">The named token that the call was made with; null for the owner's.</param>
public sealed class AttemptBook(string callId, int run, IAttemptLedger ledger, string? token = null)
{
    private readonly AttemptBook? _whole;
    private readonly Lock _lock = new();
    private readonly List<AttemptRecord> _attempts = [];
    private readonly List<ReceiptFallback> _fallbacks = [];
    private readonly List<ReceiptLimit> _limits = [];
    private readonly List<Task> _writes = [];
    private TimeSpan _waitedInVain;
    private int _count;

    /// <summary>What one question of the call asks; all of it is in <paramref name="whole"/> too.</summary>
    private AttemptBook(AttemptBook whole, string callId, int run, IAttemptLedger ledger)
        : this(callId, run, ledger) => _whole = whole;

    /// <summary>In the order in which they began, those of earlier runs first.</summary>
    public IReadOnlyList<AttemptRecord> Attempts
    {
        get
        {
            lock (_lock)
            {
                return [.. _attempts];
            }
        }
    }

    /// <summary>Models of this run that were asked and did not answer.</summary>
    public IReadOnlyList<ReceiptFallback> Fallbacks
    {
        get
        {
            lock (_lock)
            {
                return [.. _fallbacks];
            }
        }
    }

    /// <summary>What this run has taught about limits.</summary>
    public IReadOnlyList<ReceiptLimit> Limits
    {
        get
        {
            lock (_lock)
            {
                return [.. _limits];
            }
        }
    }

    /// <summary>How long this run waited for permits that it did not get.</summary>
    public TimeSpan WaitedInVain
    {
        get
        {
            lock (_lock)
            {
                return _waitedInVain;
            }
        }
    }

    /// <summary>What the question that was asked last named as its model.</summary>
    public string? AskedModel { get; private set; }

    /// <summary>The longest part of an answer whose attempt was ended from outside; null when there is none.</summary>
    public string? Partial { get; private set; }

    /// <summary>Fetches what earlier runs of the call have asked.</summary>
    public async ValueTask RecallAsync()
    {
        if (run > 1)
        {
            var earlier = await ledger.FindAsync(callId, CancellationToken.None);
            lock (_lock)
            {
                _attempts.InsertRange(0, earlier.Where(attempt => attempt.Run < run));
            }
        }
    }

    /// <summary>A book for one of several questions: what is entered there is entered here.</summary>
    public AttemptBook Part() => new(this, callId, run, ledger);

    public void Asked(string model)
    {
        _whole?.Asked(model);
        lock (_lock)
        {
            AskedModel = model;
        }
    }

    /// <summary>Enters an attempt that is about to begin; its call and its place in it are filled in here.</summary>
    public AttemptRecord Begin(AttemptRecord attempt)
    {
        AttemptRecord entered;
        if (_whole is not null)
        {
            entered = _whole.Begin(attempt);
            lock (_lock)
            {
                _attempts.Add(entered);
            }

            return entered;
        }

        lock (_lock)
        {
            entered = attempt with { CallId = callId, Run = run, Number = ++_count, Token = token };
            _attempts.Add(entered);
        }

        Save(entered);
        return entered;
    }

    public void End(AttemptRecord attempt)
    {
        lock (_lock)
        {
            _attempts[_attempts.FindIndex(known => known.Run == attempt.Run && known.Number == attempt.Number)] = attempt;
        }

        if (_whole is not null)
        {
            _whole.End(attempt);
            return;
        }

        Save(attempt);
    }

    public void FellBack(ReceiptFallback failed)
    {
        _whole?.FellBack(failed);
        lock (_lock)
        {
            _fallbacks.Add(failed);
        }
    }

    public void Learned(ReceiptLimit? limit)
    {
        _whole?.Learned(limit);
        lock (_lock)
        {
            if (limit is not null)
            {
                _limits.Add(limit);
            }
        }
    }

    public void QueuedInVain(TimeSpan waited)
    {
        _whole?.QueuedInVain(waited);
        lock (_lock)
        {
            _waitedInVain += waited;
        }
    }

    public void KeepPartial(string text)
    {
        _whole?.KeepPartial(text);
        lock (_lock)
        {
            Partial = text.Length > (Partial?.Length ?? 0) ? text : Partial;
        }
    }

    /// <summary>Completes when everything entered is written, or could not be.</summary>
    public Task FlushAsync()
    {
        lock (_lock)
        {
            return Task.WhenAll(_writes);
        }
    }

    private void Save(AttemptRecord attempt)
    {
        var write = SaveAsync(attempt);
        lock (_lock)
        {
            _writes.Add(write);
        }
    }

    private async Task SaveAsync(AttemptRecord attempt)
    {
        try
        {
            await ledger.SaveAsync(attempt, CancellationToken.None);
        }
        catch (StoreException)
        {
            // The receipt has it all the same. The call's own journal says that the store is in trouble.
        }
    }
}

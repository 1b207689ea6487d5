namespace Exai.Core.Admission.Shares;

/// <summary>
/// Where daemons on one store share out the permits among themselves. A share is a number of attempts at one model of one provider, which counts
/// against that model's, that provider's and the common limit; the shares of all living daemons together never exceed any of them. Asked by one
/// loop at a time.
/// </summary>
internal interface IPermitShares
{
    /// <summary>Another daemon has begun to wait for permits, or has given some back. A hint: it may be missed.</summary>
    event Action? Moved;

    /// <summary>Says what this daemon uses and needs, and takes what it is due of what is free.</summary>
    /// <param name="report">
    /// Asked anew at each try, for the store may be away for long. What a try has led to is unknown when the next one begins, so none may report
    /// a <see cref="ShareClaim.Keep"/> that an earlier one did not.
    /// </param>
    /// <exception cref="Storage.StoreException">It came to nothing.</exception>
    ValueTask<ShareAnswer> ExchangeAsync(Func<ShareReport> report, CancellationToken cancellationToken);
}

/// <summary>What a daemon says in an exchange; a model that it does not name it neither uses nor wants.</summary>
/// <param name="Learned">What its own attempts have changed since it last said so.</param>
internal sealed record ShareReport(IReadOnlyList<ShareClaim> Claims, IReadOnlyList<LearnedChange> Learned);

/// <summary>What a daemon uses and wants of one model.</summary>
internal sealed record ShareClaim(string Provider, string Model)
{
    /// <summary>Attempts that may be under way when the exchange is over: it keeps so much whatever the others need.</summary>
    public required int Keep { get; init; }

    /// <summary>Attempts that would run if the limits were this daemon's alone, those under way included.</summary>
    public required int Wanted { get; init; }

    /// <summary>Used a moment ago: kept while nobody else needs it.</summary>
    public int Spare { get; init; }

    /// <summary>Whether an attempt has begun, since the last exchange, beside those that were granted in it: it has had one more turn.</summary>
    public bool Began { get; init; }

    /// <summary>The limits as this daemon knows them; the lowest that any of them knows holds.</summary>
    public required ShareLimits Limits { get; init; }
}

/// <summary>Attempts at once: in all, at the provider, at the model.</summary>
internal sealed record ShareLimits(int Global, int Provider, int Model);

/// <summary>A daemon's share as the others see it.</summary>
/// <param name="Turn">Of those who wait for the same, the lowest is next.</param>
internal sealed record ShareRow(string Epoch, string Provider, string Model, int Held, int Wanted, long Turn, ShareLimits Limits)
{
    public bool Waits => Wanted > Held;
}

/// <summary>What a daemon has after an exchange.</summary>
/// <param name="Held">What counts as its own for the others.</param>
/// <param name="Usable">New attempts may begin up to so many under way; lower than <paramref name="Held"/> when others are due the rest.</param>
/// <param name="Reusable">Permits beyond so many are for one attempt each: others have their turn then.</param>
internal sealed record ShareGrant(string Provider, string Model, int Held, int Usable, int Reusable);

/// <summary>The end of an exchange.</summary>
/// <param name="Grants">All that this daemon has.</param>
/// <param name="Others">The shares of the other living daemons.</param>
/// <param name="SomebodyWaits">Whether anybody, this daemon included, lacks what this daemon might give back, or more is held than a limit allows.</param>
/// <param name="Learned">What any daemon has learned about limits.</param>
internal sealed record ShareAnswer(IReadOnlyList<ShareGrant> Grants, IReadOnlyList<ShareRow> Others, bool SomebodyWaits, IReadOnlyList<LearnedRow> Learned);

namespace Exai.Core.Admission.Shares;

/// <summary>What one scheduler tells of its permits in an exchange, and what it hears. Belongs to the scheduler's lock.</summary>
internal sealed class ShareDesk(ShareLease lease, TimeProvider time)
{
    /// <summary>What was used is kept for so long, for the next attempt to begin at once.</summary>
    public static readonly TimeSpan SpareKept = TimeSpan.FromSeconds(1);

    private readonly Dictionary<Scope, Account> _accounts = [];
    private readonly SharedLearning _learning = new();
    private bool _others;

    public ShareLease Lease => lease;

    /// <summary>Whether this daemon has or wants anything that others count.</summary>
    public bool IsUsed => _accounts.Values.Any(account => account.Held > 0 || account.Asked > 0);

    /// <summary>Whether somebody here waits while other daemons have or want something.</summary>
    public bool Lacks => _others && _accounts.Any(pair => pair.Value.Asked > Math.Max(pair.Key.Held, Math.Min(pair.Value.Held, pair.Key.Share)));

    /// <param name="calm">Nobody is known to lack anything: what is not used may stay, and be used meanwhile.</param>
    /// <param name="leaving">The daemon ends: nothing is wanted any more.</param>
    public ShareReport Report(ShareView view, bool calm, bool leaving)
    {
        var now = time.GetTimestamp();
        var claims = new List<ShareClaim>();
        foreach (var provider in view.Providers)
        {
            foreach (var (model, wanted) in ShareDemand.Of(provider, view))
            {
                var account = AccountOf(model);
                account.Notice(model, now, time);
                account.Asked = leaving ? model.Held : wanted;
                var spare = leaving ? 0 : account.Spare;
                var keep = calm && !leaving && lease.Holds ? Math.Max(model.Held, Math.Min(model.Share, Math.Max(wanted, spare))) : model.Held;
                account.Kept = keep;
                // Until the answer comes nothing begins that was not told.
                model.Share = Math.Min(model.Share, keep);
                if (keep > 0 || account.Asked > 0 || spare > 0)
                {
                    claims.Add(new ShareClaim(provider.Name, model.Name)
                    {
                        Keep = keep,
                        Wanted = account.Asked,
                        Spare = spare,
                        Began = account.TakeBegan(model),
                        Limits = new ShareLimits(view.Global.Limit, provider.Limit, model.Limit),
                    });
                }
            }
        }

        return new ShareReport(claims, _learning.Changes(view.Providers, time.GetUtcNow()));
    }

    /// <param name="provider">The scope of that name, made if need be.</param>
    /// <param name="now">As the scheduler counts time.</param>
    public void Apply(ShareAnswer answer, ShareMoment asked, Scope global, Func<string, ProviderScope> provider, TimeSpan now)
    {
        lease.Confirm(asked);
        _others = answer.Others.Count > 0;
        foreach (var (model, account) in _accounts)
        {
            (model.Share, model.Elsewhere, model.Parent!.Elsewhere) = (0, 0, 0);
            account.Grant(0, model);
        }

        foreach (var grant in answer.Grants)
        {
            var model = provider(grant.Provider).Model(grant.Model);
            (model.Share, model.Reusable) = (grant.Usable, grant.Reusable);
            AccountOf(model).Grant(grant.Held, model);
        }

        global.Elsewhere = answer.Others.Sum(row => row.Held);
        foreach (var (model, _) in _accounts)
        {
            var there = answer.Others.Where(row => row.Provider.Equals(model.Parent!.Name, StringComparison.OrdinalIgnoreCase)).ToList();
            model.Parent!.Elsewhere = there.Sum(row => row.Held);
            ((ProviderScope)model.Parent).Throttle.Sharers = 1 + there.Select(row => row.Epoch).Distinct(StringComparer.Ordinal).Count();
            model.Elsewhere = there.Where(row => row.Model.Equals(model.Name, StringComparison.OrdinalIgnoreCase)).Sum(row => row.Held);
        }

        _learning.Apply(answer.Learned, provider, now, time.GetUtcNow());
        foreach (var idle in _accounts.Where(pair => pair is { Key: { Held: 0, WaitingAttempts: 0 }, Value.Held: 0 }).Select(pair => pair.Key).ToList())
        {
            _accounts.Remove(idle);
        }
    }

    /// <summary>Whether an exchange would change anything.</summary>
    /// <param name="somebodyWaits">Whether anybody lacks what this daemon might give back.</param>
    public bool IsDue(ShareView view, bool somebodyWaits)
    {
        foreach (var provider in view.Providers)
        {
            foreach (var (model, wanted) in ShareDemand.Of(provider, view))
            {
                var account = _accounts.GetValueOrDefault(model);
                var (held, asked) = (account?.Held ?? 0, account?.Asked ?? 0);
                if ((wanted > held && wanted > asked) || (somebodyWaits && held > Math.Max(model.Held, Math.Min(model.Share, wanted))))
                {
                    return true;
                }
            }
        }

        return false;
    }

    private Account AccountOf(Scope model)
    {
        if (!_accounts.TryGetValue(model, out var account))
        {
            _accounts[model] = account = new Account();
        }

        return account;
    }

    /// <summary>One model's share.</summary>
    private sealed class Account
    {
        private long _spareAt;
        private long _began;

        /// <summary>What the others count as this daemon's.</summary>
        public int Held { get; private set; }

        /// <summary>What this daemon insisted on at the last report.</summary>
        public int Kept { get; set; }

        /// <summary>What was wanted at the last report.</summary>
        public int Asked { get; set; }

        /// <summary>The most that was used a moment ago.</summary>
        public int Spare { get; private set; }

        public void Notice(Scope model, long now, TimeProvider time)
        {
            var most = model.TakeMost();
            if (most >= Spare || time.GetElapsedTime(_spareAt, now) >= SpareKept)
            {
                (Spare, _spareAt) = (most, now);
            }
        }

        public void Grant(int held, Scope model)
        {
            Held = held;
            // These are accounted for by now.
            _began = Math.Max(_began, model.Taken + held - Kept);
        }

        public bool TakeBegan(Scope model)
        {
            var began = model.Taken > _began;
            _began = Math.Max(_began, model.Taken);
            return began;
        }
    }
}

/// <summary>The parts of a scheduler that say what it uses and wants.</summary>
/// <param name="Waiting">The flows in which somebody waits.</param>
/// <param name="Connected">How many sessions are connected.</param>
internal sealed record ShareView(Scope Global, IReadOnlyCollection<ProviderScope> Providers, IReadOnlyList<Flow> Waiting, int SessionLimit, int Connected, TimeSpan Now);

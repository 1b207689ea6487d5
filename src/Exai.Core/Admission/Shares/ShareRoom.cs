namespace Exai.Core.Admission.Shares;

/// <summary>How much is left of each limit; of what several daemons know of one, the lowest holds.</summary>
internal sealed class ShareRoom
{
    private readonly Dictionary<string, int> _providers = new(StringComparer.OrdinalIgnoreCase);
    private readonly Dictionary<(string, string), int> _models = [];
    private int _global = int.MaxValue;

    public ShareRoom(IEnumerable<ShareRow> rows)
    {
        foreach (var row in rows)
        {
            _global = Math.Min(_global, row.Limits.Global);
            _providers[row.Provider] = Math.Min(_providers.GetValueOrDefault(row.Provider, int.MaxValue), row.Limits.Provider);
            _models[Model(row)] = Math.Min(_models.GetValueOrDefault(Model(row), int.MaxValue), row.Limits.Model);
        }
    }

    private ShareRoom(ShareRoom other)
    {
        (_global, _providers, _models) = (other._global, new(other._providers, _providers.Comparer), new(other._models));
    }

    /// <summary>One that changes apart from this one.</summary>
    public ShareRoom Copy() => new(this);

    public bool Has(ShareRow row) => _global > 0 && _providers[row.Provider] > 0 && _models[Model(row)] > 0;

    /// <summary>How many more are held than a limit that counts this share allows: one of their daemons was silent for so long that others have its permits.</summary>
    public int Excess(ShareRow row) => Math.Max(0, -Math.Min(_global, Math.Min(_providers[row.Provider], _models[Model(row)])));

    /// <summary>Whether all of them can have what they hold and want at once.</summary>
    public bool HasForAll(IReadOnlyList<ShareRow> rows)
    {
        var left = Copy();
        foreach (var row in rows)
        {
            left.Take(row, Math.Max(row.Held, row.Wanted));
        }

        return left._global >= 0 && left._providers.Values.All(room => room >= 0) && left._models.Values.All(room => room >= 0);
    }

    public void Take(ShareRow row, int count)
    {
        _global -= count;
        _providers[row.Provider] -= count;
        _models[Model(row)] -= count;
    }

    /// <summary>Whether a limit that is used up counts both.</summary>
    public bool IsInTheWay(ShareRow share, ShareRow waiting) =>
        _global <= 0
        || (_providers[share.Provider] <= 0 && share.Provider.Equals(waiting.Provider, StringComparison.OrdinalIgnoreCase))
        || (_models[Model(share)] <= 0 && Model(share) == Model(waiting));

    private static (string, string) Model(ShareRow row) => (row.Provider.ToUpperInvariant(), row.Model.ToUpperInvariant());
}

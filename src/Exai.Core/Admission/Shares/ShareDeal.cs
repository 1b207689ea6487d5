namespace Exai.Core.Admission.Shares;

/// <summary>
/// Who is due what, from what all want:
/// <list type="number">
/// <item>Permits are dealt one by one to the daemon that has the smallest part of the limits that count for it: of n who want more, each ends at
/// about limit / n, and who wants less leaves the rest to the others.</item>
/// <item>Equals go by turns: first who has begun no attempt there for longest. With more daemons than permits, they go round.</item>
/// </list>
/// </summary>
internal sealed class ShareDeal
{
    private readonly IReadOnlyList<ShareRow> _rows;
    private readonly int[] _dealt;
    private readonly Dictionary<string, int> _byDaemon = new(StringComparer.Ordinal);
    private readonly Dictionary<(string, string), (int Dealt, long Turn)> _byProvider = [];

    /// <param name="room">Of which nothing is taken yet.</param>
    public ShareDeal(IReadOnlyList<ShareRow> rows, ShareRoom room)
    {
        (_rows, _dealt) = (rows, new int[rows.Count]);
        if (room.HasForAll(rows))
        {
            // As on most days. Whose turn it is matters only when somebody has to wait; with many daemons that takes milliseconds, in which none of them can exchange.
            _dealt = [.. rows.Select(row => row.Wanted)];
            Order = [.. rows.SelectMany((row, index) => Enumerable.Repeat(index, row.Wanted))];
            return;
        }

        foreach (var row in rows)
        {
            _byProvider[Seat(row)] = (0, Math.Max(_byProvider.GetValueOrDefault(Seat(row)).Turn, row.Turn));
        }

        var order = new List<int>();
        while (Next(room) is { } next)
        {
            var row = rows[next];
            var (atProvider, turn) = _byProvider[Seat(row)];
            _dealt[next]++;
            _byDaemon[row.Epoch] = _byDaemon.GetValueOrDefault(row.Epoch) + 1;
            _byProvider[Seat(row)] = (atProvider + 1, turn);
            room.Take(row, 1);
            order.Add(next);
        }

        Order = order;
    }

    /// <summary>The rows, by their index, in the order in which each is dealt one.</summary>
    public IReadOnlyList<int> Order { get; }

    public int Due(int index) => _dealt[index];

    private int? Next(ShareRoom room)
    {
        int? next = null;
        var best = default((double, long, long, string));
        for (var index = 0; index < _rows.Count; index++)
        {
            var row = _rows[index];
            if (_dealt[index] >= row.Wanted || !room.Has(row))
            {
                continue;
            }

            var (atProvider, turn) = _byProvider[Seat(row)];
            var key = (Part(row, _byDaemon.GetValueOrDefault(row.Epoch), atProvider, _dealt[index]), turn, row.Turn, row.Epoch);
            if (next is null || Comparer<(double, long, long, string)>.Default.Compare(key, best) < 0)
            {
                (next, best) = (index, key);
            }
        }

        return next;
    }

    /// <summary>The part of its narrowest limit that so many are.</summary>
    private static double Part(ShareRow row, int global, int provider, int model) =>
        Math.Max((double)global / row.Limits.Global, Math.Max((double)provider / row.Limits.Provider, (double)model / row.Limits.Model));

    private static (string, string) Seat(ShareRow row) => (row.Epoch, row.Provider.ToUpperInvariant());
}

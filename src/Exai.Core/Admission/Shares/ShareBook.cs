namespace Exai.Core.Admission.Shares;

/// <summary>
/// The arithmetic of an exchange. A daemon changes its own share only: it takes what is free, and gives back what others are due as soon as no
/// attempt uses it.
/// </summary>
internal static class ShareBook
{
    /// <param name="epoch">The daemon whose exchange it is.</param>
    /// <param name="rows">The shares of all living daemons.</param>
    public static Settlement Settle(string epoch, IReadOnlyList<ShareRow> rows, IReadOnlyList<ShareClaim> claims)
    {
        var others = rows.Where(row => row.Epoch != epoch).ToList();
        var before = rows.Where(row => row.Epoch == epoch).ToList();
        var turn = rows.Select(row => row.Turn).DefaultIfEmpty().Max();
        var mine = claims.Select(claim =>
        {
            var old = Find(before, claim);
            return new ShareRow(epoch, claim.Provider, claim.Model, claim.Keep, claim.Wanted, old is null || claim.Began ? ++turn : old.Turn, claim.Limits);
        }).ToArray();

        // What is due and free.
        var limits = new ShareRoom([.. mine, .. others]);
        var room = limits.Copy();
        var deal = new ShareDeal([.. mine, .. others], limits.Copy());
        Array.ForEach(mine, row => room.Take(row, row.Held));
        others.ForEach(row => room.Take(row, row.Held));
        var excess = Array.ConvertAll(mine, room.Excess);
        var left = new int[others.Count];
        var due = new int[mine.Length + others.Count];
        foreach (var index in deal.Order)
        {
            var other = index < mine.Length ? null : others[index - mine.Length];
            if (++due[index] <= (other ?? mine[index]).Held || !room.Has(other ?? mine[index]))
            {
                continue;
            }

            if (other is null)
            {
                Grow(index);
                mine[index] = mine[index] with { Turn = ++turn };
            }
            else
            {
                // It comes before, and will take it when it looks.
                room.Take(other, 1);
                left[index - mine.Length]++;
            }
        }

        // What is left when all have what they are due stays where it was.
        for (var index = 0; index < others.Count; index++)
        {
            room.Take(others[index], Math.Max(0, due[mine.Length + index] - others[index].Held - left[index]));
        }

        for (var index = 0; index < mine.Length; index++)
        {
            var spare = Math.Min(claims[index].Spare, Find(before, claims[index])?.Held ?? 0);
            while (mine[index].Held < spare && room.Has(mine[index]) && !IsLacking(mine[index]))
            {
                Grow(index);
            }
        }

        return new Settlement
        {
            Mine = [.. mine.Where(row => row.Held > 0 || row.Wanted > 0)],
            Grants =
            [
                .. mine.Select((row, index) =>
                {
                    // What is held beyond a limit ends with its attempts, whoever's permit it was.
                    var usable = Math.Max(0, row.Held - excess[index]);
                    return IsLacking(row)
                        ? new ShareGrant(row.Provider, row.Model, row.Held, Math.Min(usable, due[index]), Math.Min(usable, DueAfter(index)))
                        : new ShareGrant(row.Provider, row.Model, row.Held, usable, usable);
                }),
            ],
            Others = others,
            SomebodyWaits = mine.Where((row, index) => row.Held > 0 && (excess[index] > 0 || IsLacking(row))).Any(),
            IsNews = IsNews(before, mine, others, excess),
        };

        void Grow(int index)
        {
            mine[index] = mine[index] with { Held = mine[index].Held + 1 };
            room.Take(mine[index], 1);
        }

        // What would be due if one more attempt began there: it would go to the end of the line.
        int DueAfter(int index) => new ShareDeal(
            [.. mine.Select((row, each) => row with { Turn = each == index ? long.MaxValue : long.MaxValue - 1 }), .. others], limits.Copy()).Due(index);

        // Whether anybody lacks what this share holds.
        bool IsLacking(ShareRow share) =>
            others.Exists(row => row.Waits && room.IsInTheWay(share, row)) || Array.Exists(mine, row => row.Waits && row != share && room.IsInTheWay(share, row));
    }

    /// <summary>Whether the others should look: this daemon begins to wait for more, leaves something to those who wait, or has come to hold what is theirs.</summary>
    private static bool IsNews(List<ShareRow> before, ShareRow[] mine, List<ShareRow> others, int[] excess) =>
        others.Count > 0
        && (Array.Exists(mine, row => row.Waits && (Find(before, row) is not { } old || row.Wanted - row.Held > old.Wanted - old.Held))
            || (others.Exists(row => row.Waits) && before.Exists(old => old.Held > (Find(mine, old)?.Held ?? 0)))
            || mine.Where((row, index) => excess[index] > 0 && row.Held > (Find(before, row)?.Held ?? 0)).Any());

    private static ShareRow? Find(IEnumerable<ShareRow> rows, ShareRow like) => Find(rows, like.Provider, like.Model);

    private static ShareRow? Find(IEnumerable<ShareRow> rows, ShareClaim like) => Find(rows, like.Provider, like.Model);

    private static ShareRow? Find(IEnumerable<ShareRow> rows, string provider, string model) => rows.FirstOrDefault(
        row => row.Provider.Equals(provider, StringComparison.OrdinalIgnoreCase) && row.Model.Equals(model, StringComparison.OrdinalIgnoreCase));
}

/// <summary>What an exchange comes to.</summary>
internal sealed record Settlement
{
    /// <summary>This daemon's shares from now on.</summary>
    public required IReadOnlyList<ShareRow> Mine { get; init; }

    public required IReadOnlyList<ShareGrant> Grants { get; init; }

    public required IReadOnlyList<ShareRow> Others { get; init; }

    /// <inheritdoc cref="ShareAnswer.SomebodyWaits"/>
    public required bool SomebodyWaits { get; init; }

    /// <summary>Whether the others should be told.</summary>
    public required bool IsNews { get; init; }
}

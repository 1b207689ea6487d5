namespace Exai.Protocol;

/// <summary>Suggests what a person or model probably meant.</summary>
public static class NearNames
{
    /// <summary>Near names for one that does not exist, best first; at most <paramref name="most"/>.</summary>
    public static IReadOnlyList<string> Of(string name, IEnumerable<string> known, int most = 3) =>
        [.. known.Select(candidate => (candidate, Distance: EditDistance(name, candidate)))
            .Where(pair => pair.Distance <= Math.Max(3, name.Length / 2))
            .OrderBy(pair => pair.Distance).ThenBy(pair => pair.candidate, StringComparer.Ordinal)
            .Take(most).Select(pair => pair.candidate)];

    private static int EditDistance(string left, string right)
    {
        left = left.ToLowerInvariant();
        right = right.ToLowerInvariant();
        var previous = new int[right.Length + 1];
        for (var column = 0; column <= right.Length; column++)
        {
            previous[column] = column;
        }

        for (var row = 1; row <= left.Length; row++)
        {
            var current = new int[right.Length + 1];
            current[0] = row;
            for (var column = 1; column <= right.Length; column++)
            {
                var substitution = previous[column - 1] + (left[row - 1] == right[column - 1] ? 0 : 1);
                current[column] = Math.Min(substitution, Math.Min(previous[column], current[column - 1]) + 1);
            }

            previous = current;
        }

        return previous[^1];
    }
}

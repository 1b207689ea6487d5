namespace Exai.Core.Models;

/// <summary>Fits the caller's wish to the levels that a model has by name: low, high, max and the like.</summary>
internal static class ThinkingLevels
{
    /// <summary>
    /// The first level that is at least the wish, so that nobody gets less thinking than asked for without need; the model's last one
    /// when none is. Null without a wish or without levels.
    /// </summary>
    /// <param name="levels">By the provider's names, in any order; names that are none of ours are not chosen.</param>
    public static string? Fit(ThinkingMode? wish, IReadOnlyList<string>? levels)
    {
        if (wish is not { } wanted || levels is null)
            return null;

        var known = levels.Where(level => Rank(level) >= 0).OrderBy(Rank).ToList();
        return known.FirstOrDefault(level => Rank(level) >= (int)wanted) ?? known.LastOrDefault();
    }

    private static int Rank(string level) =>
        Enum.TryParse<ThinkingMode>(level, ignoreCase: true, out var mode) && Enum.IsDefined(mode) && !char.IsAsciiDigit(level[0]) ? (int)mode : -1;
}

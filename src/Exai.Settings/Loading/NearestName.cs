namespace Exai.Settings;

/// <summary>The known name that an unknown one was probably meant to be.</summary>
internal static class NearestName
{
    /// <summary>Null when none is near: a far-fetched guess is no help.</summary>
    public static string? Find(string name, out int distance)
    {
        string? nearest = null;
        distance = int.MaxValue;
        foreach (var known in SettingsRegistry.AllNames)
        {
            var candidate = Distance(name.ToUpperInvariant(), known);
            if (candidate < distance)
            {
                (nearest, distance) = (known, candidate);
            }
        }

        return distance <= Math.Max(3, name.Length / 3) ? nearest : null;
    }

    /// <summary>Edits (insert, delete, replace, swap two neighbours) that turn one text into the other.</summary>
    public static int Distance(string left, string right)
    {
        var before = new int[right.Length + 1];
        var previous = new int[right.Length + 1];
        var current = new int[right.Length + 1];
        for (var column = 0; column <= right.Length; column++)
        {
            previous[column] = column;
        }

        for (var row = 1; row <= left.Length; row++)
        {
            current[0] = row;
            for (var column = 1; column <= right.Length; column++)
            {
                var cost = left[row - 1] == right[column - 1] ? 0 : 1;
                current[column] = Math.Min(Math.Min(current[column - 1], previous[column]) + 1, previous[column - 1] + cost);
                if (row > 1 && column > 1 && left[row - 1] == right[column - 2] && left[row - 2] == right[column - 1])
                {
                    current[column] = Math.Min(current[column], before[column - 2] + 1);
                }
            }

            (before, previous, current) = (previous, current, before);
        }

        return previous[right.Length];
    }
}

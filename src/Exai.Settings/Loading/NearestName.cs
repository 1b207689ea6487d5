using Exai.Protocol;

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
            var candidate = NearNames.Distance(name.ToUpperInvariant(), known);
            if (candidate < distance)
            {
                (nearest, distance) = (known, candidate);
            }
        }

        return distance <= Math.Max(3, name.Length / 3) ? nearest : null;
    }
}

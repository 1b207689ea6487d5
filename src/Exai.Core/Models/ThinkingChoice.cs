using Exai.Settings;

namespace Exai.Core.Models;

/// <summary>What the caller's wish for thinking comes to with a model.</summary>
/// <param name="Asked">What the request says; null leaves it to the model.</param>
/// <param name="IsOn">Whether the attempt belongs to the clocks' thinking class.</param>
/// <param name="Applied">For the receipt: the model's level, or on, off or default.</param>
/// <param name="Effort">How hard the request says to think; the dialect writes the level that the model has for it.</param>
internal readonly record struct ThinkingChoice(bool? Asked, bool IsOn, string Applied, ThinkingMode? Effort = null)
{
    /// <param name="wish">The caller's; null for none.</param>
    /// <param name="kind">How the model thinks; null when not known.</param>
    /// <param name="efforts">The levels that the model really has; null or empty when thinking is on or off only.</param>
    public static ThinkingChoice For(ThinkingMode? wish, ThinkingKind? kind, IReadOnlyList<string>? efforts = null)
    {
        var choice = Switch(wish, kind);
        return choice.IsOn && ThinkingLevels.Fit(wish, efforts) is { } level
            ? choice with { Applied = level, Effort = wish }
            : choice;
    }

    private static ThinkingChoice Switch(ThinkingMode? wish, ThinkingKind? kind)
    {
        bool? asked = wish is null ? null : wish != ThinkingMode.Minimal;
        return kind switch
        {
            ThinkingKind.None => new(null, false, "off"),
            ThinkingKind.Always => new(true, true, "on"),
            ThinkingKind.DefaultOn or ThinkingKind.Toggle when asked is null => new(null, true, "on"),
            // A hybrid model decides by itself; its first token of either kind comes early, so the plain class holds.
            _ => new(asked, asked == true, asked switch { true => "on", false => "off", null => "default" }),
        };
    }
}

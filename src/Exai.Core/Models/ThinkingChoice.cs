using Exai.Core.Models.Catalogue;

namespace Exai.Core.Models;

/// <summary>What the caller's wish for thinking comes to with a model.</summary>
/// <param name="Asked">What the request says; null leaves it to the model.</param>
/// <param name="IsOn">Whether the attempt belongs to the clocks' thinking class.</param>
/// <param name="Applied">For the receipt: on, off or default.</param>
internal readonly record struct ThinkingChoice(bool? Asked, bool IsOn, string Applied)
{
    public static ThinkingChoice For(ThinkingMode? wish, ThinkingKind? kind)
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

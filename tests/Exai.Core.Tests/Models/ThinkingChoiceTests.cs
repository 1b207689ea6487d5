using Exai.Core.Models;
using Exai.Settings;

namespace Exai.Core.Tests.Models;

public sealed class ThinkingChoiceTests
{
    [Theory]
    [InlineData(null, ThinkingKind.None, null, false, "off")]
    [InlineData(ThinkingMode.High, ThinkingKind.None, null, false, "off")]
    [InlineData(null, ThinkingKind.Always, true, true, "on")]
    [InlineData(ThinkingMode.Minimal, ThinkingKind.Always, true, true, "on")]
    [InlineData(null, ThinkingKind.DefaultOn, null, true, "on")]
    [InlineData(ThinkingMode.Minimal, ThinkingKind.DefaultOn, false, false, "off")]
    [InlineData(ThinkingMode.Max, ThinkingKind.DefaultOn, true, true, "on")]
    [InlineData(null, ThinkingKind.Toggle, null, true, "on")]
    [InlineData(ThinkingMode.Minimal, ThinkingKind.Toggle, false, false, "off")]
    [InlineData(null, ThinkingKind.Hybrid, null, false, "default")]
    [InlineData(ThinkingMode.Low, ThinkingKind.Hybrid, true, true, "on")]
    [InlineData(ThinkingMode.Minimal, ThinkingKind.Hybrid, false, false, "off")]
    [InlineData(null, null, null, false, "default")]
    [InlineData(ThinkingMode.Medium, null, true, true, "on")]
    internal void For_wish_and_model(ThinkingMode? wish, ThinkingKind? kind, bool? asked, bool isOn, string applied) =>
        ThinkingChoice.For(wish, kind).ShouldBe(new ThinkingChoice(asked, isOn, applied));

    [Theory]
    [InlineData(null, ThinkingKind.Always, true, "on", null)]
    [InlineData(ThinkingMode.Minimal, ThinkingKind.Always, true, "low", ThinkingMode.Minimal)]
    [InlineData(ThinkingMode.Medium, ThinkingKind.Always, true, "high", ThinkingMode.Medium)]
    [InlineData(ThinkingMode.Max, ThinkingKind.DefaultOn, true, "max", ThinkingMode.Max)]
    [InlineData(ThinkingMode.Minimal, ThinkingKind.DefaultOn, false, "off", null)]
    [InlineData(null, ThinkingKind.DefaultOn, null, "on", null)]
    internal void For_model_with_levels_applies_one_of_them(ThinkingMode? wish, ThinkingKind kind, bool? asked, string applied, ThinkingMode? effort) =>
        ThinkingChoice.For(wish, kind, ["low", "high", "max"]).ShouldBe(new ThinkingChoice(asked, asked != false, applied, effort));

    [Theory]
    [InlineData(ThinkingMode.Low, "high,max", "high")]
    [InlineData(ThinkingMode.Medium, "max,low,high", "high")]
    [InlineData(ThinkingMode.Max, "minimal,low,medium,high", "high")]
    [InlineData(ThinkingMode.Minimal, "minimal,low", "minimal")]
    [InlineData(ThinkingMode.High, "turbo,3", null)]
    [InlineData(ThinkingMode.High, "", null)]
    [InlineData(null, "low", null)]
    internal void Level_is_the_first_that_is_at_least_the_wish(ThinkingMode? wish, string levels, string? level) =>
        ThinkingLevels.Fit(wish, levels.Split(',', StringSplitOptions.RemoveEmptyEntries)).ShouldBe(level);
}

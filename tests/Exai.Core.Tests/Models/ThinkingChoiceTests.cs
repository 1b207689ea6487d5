using Exai.Core.Models;
using Exai.Core.Models.Catalogue;

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
}

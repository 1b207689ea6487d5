using Exai.Core.Models;
using Exai.Core.Models.Catalogue;
using Exai.Core.Tokens;
using Exai.Protocol;

namespace Exai.Core.Tests.Models;

/// <summary>A question that may go to some models only goes to no other, by whichever way they are chosen.</summary>
public sealed class AllowedModelTests
{
    [Theory]
    [InlineData("glm-4.6", "glm/glm-4.6", "glm-4.6")]
    [InlineData("glm-4.6", "glm/*", "glm-4.6")]
    [InlineData("glm-4.6", "glm/glm-4.5*", null)]
    [InlineData("kimi-k2", "kimi/kimi-k2-0905-preview", "kimi-k2-0905-preview")]
    [InlineData("kimi", "glm/*", null)]
    [InlineData("glm/glm-4.6", "kimi/*", null)]
    [InlineData("glm/tomorrow", "glm/tomorrow", "tomorrow")]
    public void Named_model_is_asked_or_refused_with_those_that_may_be(string name, string allowed, string? model)
    {
        var question = Question(allowed) with { Model = name };
        if (model is not null)
        {
            Router().Resolve(question).ModelId.ShouldBe(model);
            return;
        }

        var refused = Should.Throw<CallException>(() => Router().Resolve(question));
        refused.Error.Code.ShouldBe(ErrorCodes.ModelNotFound);
        refused.Message.ShouldContain(allowed);
    }

    [Theory]
    [InlineData("glm/glm-4.5-air,kimi/*", "auto", "glm-4.5-air")]
    [InlineData("kimi/*", "auto", "kimi-k2-0905-preview")]
    [InlineData("kimi/kimi-k3", "auto", "kimi-k3")]
    [InlineData("glm/glm-4.5", "auto", "glm-4.5")]
    [InlineData("kimi/*", "glm-4.6", "kimi-k2-0905-preview")]
    [InlineData("glm/*", "glm-4.5-air", "glm-4.5-air")]
    public void Without_a_name_the_choice_is_among_them(string allowed, string defaultModel, string model) =>
        Router(defaultModel).Resolve(Question(allowed)).ModelId.ShouldBe(model);

    [Fact]
    public void Models_for_thinking_and_speed_are_chosen_only_if_they_may_be()
    {
        Router().Resolve(Question("kimi/kimi-k2-0905-preview") with { Thinking = ThinkingMode.High }).ModelId.ShouldBe("kimi-k2-0905-preview");
        Router().Resolve(Question("kimi/kimi-k2-0905-preview") with { Thinking = ThinkingMode.Minimal }).ModelId.ShouldBe("kimi-k2-0905-preview");
        Router().Resolve(Question("kimi/*") with { Thinking = ThinkingMode.Minimal }).ModelId.ShouldBe("kimi-k2-turbo-preview");
    }

    [Fact]
    public void Thread_whose_model_may_not_be_asked_goes_on_with_one_that_may() =>
        Router().Resolve(Question("kimi/*") with { ContinueWith = "glm/glm-4.6" }).Provider.Name.ShouldBe("kimi");

    [Fact]
    public void None_that_may_be_asked_is_there_says_so()
    {
        var refused = Should.Throw<CallException>(() => Router().Resolve(Question("ollama/*")));

        refused.Error.Code.ShouldBe(ErrorCodes.NoProvider);
        refused.Message.ShouldContain("ollama/*");
    }

    [Theory]
    [InlineData("glm/*,kimi/kimi-k3", "kimi/kimi-k3")]
    [InlineData("glm/*", "")]
    [InlineData("glm/*,kimi/moonshot-v1-8k", "kimi/moonshot-v1-8k")]
    public void Fallbacks_are_among_them(string allowed, string expected)
    {
        var router = Router();
        var question = Question(allowed);
        var route = router.Resolve(question with { Model = "glm-4.6" });

        string.Join(',', router.Fallbacks(route, question, []).Select(next => $"{next.Provider.Name}/{next.ModelId}")).ShouldBe(expected);
        router.Fallbacks(route, question, ["kimi-k2", "kimi-k3"]).Select(next => next.ModelId).ShouldBe(expected.Contains("kimi-k3", StringComparison.Ordinal) ? ["kimi-k3"] : []);
    }

    private static ModelQuestion Question(string allowed) => new() { SystemPrompt = "s", Prompt = "p", Allowed = ModelAllowance.Parse(allowed) };

    private static ModelRouter Router(string defaultModel = "auto") => new([TestProviders.Glm, TestProviders.Kimi], ModelCatalogue.Load(), defaultModel);
}

using Exai.Core.Models;
using Exai.Core.Models.Catalogue;
using Exai.Protocol;
using Exai.Settings;

namespace Exai.Core.Tests.Models;

public sealed class AutoChoiceTests
{
    private static readonly ModelQuestion Hello = new() { SystemPrompt = "s", Prompt = "p" };

    private static readonly ModelProvider Searchless = TestProviders.Create("lab", "lab-1") with
    {
        Models = [new ModelDescription { Id = "lab-1", WebSearch = false, PriceIn = 0.6m, PriceOut = 2.5m }],
    };

    [Fact]
    public void First_preferred_fits_it_is_chosen_without_a_word() => Choose(Hello).ShouldBe(("glm-4.6", ""));

    [Fact]
    public void Need_for_the_web_is_told_with_both_prices() =>
        Choose(Hello with { WebSearch = true }, Searchless, TestProviders.Glm).ShouldBe(
            ("glm-4.6", "glm-4.6 ($0.6 in, $2.2 out per million tokens) answered instead of lab-1 ($0.6 in, $2.5 out per million tokens), which cannot search the web."));

    [Fact]
    public void Need_for_eyes_finds_the_first_preferred_model_that_sees()
    {
        var (model, notes) = Choose(Hello with { NeedsVision = true });

        model.ShouldBe("kimi-k3");
        notes.ShouldContain("cannot see images");
    }

    [Fact]
    public void Need_for_room_counts_the_thread_too()
    {
        var thread = Hello with { History = [(new string('x', 4 * 200_000), "a")] };

        Choose(thread, TestProviders.Create("glm", "glm-4.6", "glm-5.2")).Model.ShouldBe("glm-5.2");
        Choose(Hello, TestProviders.Create("glm", "glm-4.6", "glm-5.2")).Model.ShouldBe("glm-4.6");
    }

    [Theory]
    [InlineData(ThinkingMode.Medium, "kimi-k3")]
    [InlineData(ThinkingMode.Max, "kimi-k3")]
    [InlineData(ThinkingMode.Low, "kimi-k2-0905-preview")]
    [InlineData(null, "kimi-k2-0905-preview")]
    public void Wish_for_thinking_prefers_a_model_that_thinks(ThinkingMode? wish, string model) =>
        Choose(Hello with { Thinking = wish }, TestProviders.Kimi).Model.ShouldBe(model);

    /// <summary>Trap 219: never to a dearer model silently.</summary>
    [Fact]
    public void Move_to_a_thinking_model_is_told_with_both_prices() =>
        Choose(Hello with { Thinking = ThinkingMode.High }, TestProviders.Kimi).Notes.ShouldBe(
            "kimi-k3 ($3 in, $15 out per million tokens) answered instead of kimi-k2-0905-preview ($0.6 in, $2.5 out per million tokens), which does not think, as was asked.");

    [Fact]
    public void Thinking_wanted_and_no_preferred_model_thinks_the_settings_thinking_model_does()
    {
        var (model, notes) = Choose(Hello with { Thinking = ThinkingMode.High }, TestProviders.Kimi with { PreferredModels = ["kimi-k2-0905-preview"] });

        model.ShouldBe("kimi-thinking-preview");
        notes.ShouldStartWith("kimi-thinking-preview (price unknown) answered instead of");
    }

    [Fact]
    public void Thinking_wanted_and_nobody_thinks_the_usual_model_answers_and_says_so() =>
        Choose(Hello with { Thinking = ThinkingMode.High }, TestProviders.Kimi with { PreferredModels = ["kimi-k2-0905-preview"], ThinkingModel = null })
            .ShouldBe(("kimi-k2-0905-preview", "Thinking was asked for, and no configured model that fits can think; kimi-k2-0905-preview answered without."));

    [Fact]
    public void No_thinking_wanted_the_settings_speed_model_answers()
    {
        var (model, notes) = Choose(Hello with { Thinking = ThinkingMode.Minimal }, TestProviders.Kimi);

        model.ShouldBe("kimi-k2-turbo-preview");
        notes.ShouldContain("$2.4 in");
        notes.ShouldEndWith("which is not kimi's model for speed.");
        Choose(Hello with { Thinking = ThinkingMode.Minimal }).ShouldBe(("glm-4.6", ""));
    }

    [Fact]
    public void Nothing_fits_the_usual_model_answers_and_says_what_is_missing() =>
        Choose(Hello with { NeedsVision = true, WebSearch = true }, TestProviders.Glm).ShouldBe(
            ("glm-4.6", "No configured model is known to see images; glm-4.6 answered all the same. Name a model that sees (listmodels)."));

    [Fact]
    public void Providers_that_may_not_be_chosen_are_not()
    {
        var found = TestProviders.Create("ollama", "llama") with { IsDetected = true };
        var byName = TestProviders.Create("openai", "gpt") with { Automatic = false };
        var bare = TestProviders.Create("vllm");

        Choose(Hello, found, byName, bare, TestProviders.Kimi).Model.ShouldBe("kimi-k2-0905-preview");
        var refused = Should.Throw<CallException>(() => Choose(Hello, byName, found, bare));
        refused.Error.Code.ShouldBe(ErrorCodes.NoProvider);
        refused.Message.ShouldContain("openai/gpt");
    }

    /// <summary>Trap 127.</summary>
    [Fact]
    public void Thread_whose_model_is_gone_goes_on_with_another_and_says_so() =>
        Choose(Hello with { ContinueWith = "ollama/llama" }).ShouldBe(("glm-4.6", "The thread's model ollama/llama cannot be asked any more; glm-4.6 went on."));

    [Fact]
    public void Thread_whose_model_lacks_something_keeps_it_and_says_so() =>
        Choose(Hello with { ContinueWith = "kimi/moonshot-v1-8k", WebSearch = true })
            .ShouldBe(("moonshot-v1-8k", "moonshot-v1-8k, the thread's model, cannot search the web; it answered all the same."));

    [Fact]
    public void What_the_user_says_of_a_model_counts()
    {
        var own = TestProviders.Create("lab", "lab-1") with { Models = [new ModelDescription { Id = "lab-1", Vision = true, Window = 9000, PriceIn = 0, PriceOut = 0 }] };

        Choose(Hello with { NeedsVision = true }, TestProviders.Glm, own).Model.ShouldBe("lab-1");
        Choose(Hello with { NeedsVision = true, Prompt = new string('x', 40_000) }, TestProviders.Glm, own).Model.ShouldBe("glm-4.6");
    }

    private static (string Model, string Notes) Choose(ModelQuestion question, params ModelProvider[] providers)
    {
        var route = new ModelRouter(providers.Length > 0 ? providers : [TestProviders.Glm, TestProviders.Kimi], ModelCatalogue.Load(), "auto").Resolve(question);
        route.AskedModel.ShouldBe("auto");
        return (route.ModelId, string.Join(' ', route.Notes));
    }
}

using Exai.Core.Models;
using Exai.Core.Models.Catalogue;
using Exai.Core.Tests.Calls;
using Exai.Protocol;
using Exai.Testing;

namespace Exai.Core.Tests.Models;

public sealed class ModelRouterTests
{
    private static readonly ModelProvider Glm = Provider("glm", "glm-4.6", "glm-4.5-air");
    private static readonly ModelProvider Kimi = Provider("kimi", "kimi-k2-0905-preview", "kimi-of-tomorrow");

    [Theory]
    [InlineData("glm-4.6", "glm", "glm-4.6")]
    [InlineData("GLM-4.6", "glm", "glm-4.6")]
    [InlineData(" glm-4.6 ", "glm", "glm-4.6")]
    [InlineData("kimi", "kimi", "kimi-k2-0905-preview")]
    [InlineData("glm-air", "glm", "glm-4.5-air")]
    [InlineData("kimi/kimi-k2.6", "kimi", "kimi-k2.6")]
    [InlineData("glm/glm-of-tomorrow", "glm", "glm-of-tomorrow")]
    [InlineData("kimi-of-tomorrow", "kimi", "kimi-of-tomorrow")]
    public void Resolve_named_model_goes_to_its_provider(string name, string provider, string id)
    {
        var route = Router().Resolve(Question(name));

        (route.Provider.Name, route.ModelId, route.AskedModel).ShouldBe((provider, id, name.Trim()));
    }

    /// <summary>Trap 187.</summary>
    [Theory]
    [InlineData("glm/glm-of-tomorrow")]
    [InlineData("kimi-of-tomorrow")]
    public void Resolve_model_that_the_catalogue_lacks_is_asked_with_a_note(string name) =>
        Router().Resolve(Question(name)).Notes.Single().ShouldContain("does not know");

    [Fact]
    public void Resolve_unknown_model_names_near_ones_and_the_way_to_ask_it_all_the_same()
    {
        var refused = Should.Throw<CallException>(() => Router().Resolve(Question("glm-4.66")));

        refused.Error.Code.ShouldBe(ErrorCodes.ModelNotFound);
        refused.Message.ShouldContain("'glm-4.66'");
        refused.Message.ShouldContain("glm-4.6,");
        refused.Message.ShouldContain("glm/glm-4.66");
    }

    [Fact]
    public void Resolve_model_of_a_provider_without_key_says_which_key()
    {
        var refused = Should.Throw<CallException>(() => Router([Glm]).Resolve(Question("kimi-k2")));

        refused.Error.Code.ShouldBe(ErrorCodes.NoProvider);
        refused.Message.ShouldContain("KIMI_API_KEY");
    }

    /// <summary>Trap 183.</summary>
    [Theory]
    [InlineData(null)]
    [InlineData("glm-4.6")]
    public void Resolve_no_provider_at_all_says_what_to_do(string? name)
    {
        var refused = Should.Throw<CallException>(() => Router([]).Resolve(Question(name)));

        refused.Error.Code.ShouldBe(ErrorCodes.NoProvider);
        refused.Message.ShouldContain("GLM_API_KEY");
    }

    [Theory]
    [InlineData(null)]
    [InlineData("auto")]
    [InlineData("AUTO")]
    [InlineData("  ")]
    public void Resolve_none_named_the_first_preferred_answers(string? name)
    {
        var route = Router().Resolve(Question(name));

        (route.AskedModel, route.ModelId).ShouldBe(("auto", "glm-4.6"));
        route.Notes.ShouldBeEmpty();
    }

    [Fact]
    public void Resolve_none_named_web_search_chooses_a_model_that_can()
    {
        var blind = Provider("kimi", "kimi-thinking-preview");
        Router([blind, Glm]).Resolve(Question(null) with { WebSearch = true }).ModelId.ShouldBe("glm-4.6");
        Router([blind]).Resolve(Question(null) with { WebSearch = true }).Notes.Single().ShouldContain("search the web");
    }

    [Fact]
    public void Resolve_none_named_the_settings_default_answers() =>
        Router(defaultModel: "kimi-k2").Resolve(Question(null)).ModelId.ShouldBe("kimi-k2-0905-preview");

    /// <summary>Trap 127.</summary>
    [Fact]
    public void Resolve_none_named_a_thread_goes_on_with_its_model()
    {
        var question = Question(null) with { ContinueWith = "kimi/kimi-k2-0905-preview" };

        Router(defaultModel: "glm-4.6").Resolve(question).ModelId.ShouldBe("kimi-k2-0905-preview");
        Router().Resolve(question with { Model = "glm-4.6" }).ModelId.ShouldBe("glm-4.6");
        Router().Resolve(question with { ContinueWith = "kimi-k2-0905-preview" }).Provider.Name.ShouldBe("kimi");
    }

    private static ModelRouter Router(IReadOnlyList<ModelProvider>? providers = null, string defaultModel = "auto") =>
        new(providers ?? [Glm, Kimi], ModelCatalogue.Load(), defaultModel);

    private static ModelQuestion Question(string? model) => new() { Model = model, SystemPrompt = "s", Prompt = "p" };

    private static ModelProvider Provider(string name, params string[] models) =>
        new(name, new ScriptedChatClient(new VirtualTime()), TestDaemon.Clocks, models, 8192);
}

using System.Text.Json.Nodes;
using Exai.Protocol;

namespace Exai.Core.Tests.Tools;

/// <summary>What the tool list costs and promises.</summary>
public sealed class ToolListTests
{
    /// <summary>Trap 157; the predecessor's list cost about 31 000.</summary>
    [Theory]
    [InlineData(ToolTier.Lean, 1800)]
    [InlineData(ToolTier.Standard, 3500)]
    public void List_stays_within_its_budget(ToolTier tier, int most) => ToolCatalogue.Tokens(ToolCatalogue.Select(tier, [], [])).ShouldBeLessThanOrEqualTo(most);

    [Theory]
    [InlineData(ToolTier.Lean, "chat thinkdeep debug codereview analyze planner consensus status")]
    [InlineData(ToolTier.Standard, "refactor secaudit testgen docgen precommit tracer challenge listmodels version")]
    public void Profile_holds_its_tools_and_the_smaller_ones(ToolTier tier, string names)
    {
        var offered = ToolCatalogue.Select(tier, [], []).Select(tool => tool.Name).ToList();

        names.Split(' ').ShouldAllBe(name => offered.Contains(name));
        ToolCatalogue.Select(ToolTier.Lean, [], []).ShouldAllBe(tool => offered.Contains(tool.Name));
    }

    /// <summary>Names as people write them; what is disabled stays so.</summary>
    [Fact]
    public void Lists_of_names_add_and_take_away()
    {
        var offered = ToolCatalogue.Select(ToolTier.Lean, ["Version", "refactor_EXAI-WS", "debug"], ["debug", "CHAT"]).Select(tool => tool.Name).ToList();

        offered.ShouldContain("version");
        offered.ShouldContain("refactor");
        offered.ShouldNotContain("debug");
        offered.ShouldNotContain("chat");
    }

    [Fact]
    public void Descriptions_are_short()
    {
        foreach (var tool in ToolCatalogue.All)
        {
            tool.Description.Split(". ").Length.ShouldBeLessThanOrEqualTo(2, tool.Name);
            tool.Parameters.ShouldAllBe(parameter => parameter.Description == null || parameter.Description.Split(' ').Length <= 10, tool.Name);
            tool.Parameters.Select(parameter => parameter.Name).ShouldBeUnique(tool.Name);
        }
    }

    /// <summary>Trap 225.</summary>
    [Fact]
    public void Tool_that_asks_no_model_shows_no_model_argument_and_no_open_world()
    {
        foreach (var tool in ToolCatalogue.All.Where(tool => !tool.AsksModel))
        {
            tool.ToJson()["inputSchema"]!["properties"]!["model"].ShouldBeNull(tool.Name);
            ((bool)tool.ToJson()["annotations"]!["openWorldHint"]!).ShouldBeFalse(tool.Name);
        }
    }

    /// <summary>The schema of one tool, word for word: what an agent reads.</summary>
    [Fact]
    public void Entry_of_codereview_is_word_for_word() => ToolCatalogue.Find("codereview")!.ToJson().ToJsonString(ToolResults.Json).ShouldBe(
        """
        {"name":"codereview","title":"Review code","description":"Have code reviewed: you look, then an expert model reviews relevant_files and your findings.",
        "inputSchema":{"type":"object","properties":{"step":{"type":"string","description":"What you look into; first the problem itself"},
        "step_number":{"type":"integer"},"next_step_required":{"type":"boolean","description":"Default false: this is the last step"},"findings":{"type":"string"},
        "relevant_files":{"type":"array","items":{"type":"string"},"description":"Absolute paths"},"continuation_id":{"type":"string"},"model":{"type":"string"},
        "review_type":{"type":"string","enum":["full","security","performance","quick"]}},"required":["step"]},
        "annotations":{"readOnlyHint":true,"openWorldHint":true},"_meta":{"exai/attach":[{"argument":"relevant_files","kind":"file"},{"argument":"images","kind":"image"}]}}
        """.ReplaceLineEndings(""));

    [Fact]
    public void Attached_arguments_are_named_for_the_shim()
    {
        var attached = ToolCatalogue.All.ToDictionary(tool => tool.Name, tool => string.Join(' ', (tool.ToJson()["_meta"]?[MetaKeys.Attach] as JsonArray ?? [])
            .Select(entry => $"{entry!["argument"]}:{entry["kind"]}")));

        attached["chat"].ShouldBe("files:file images:image");
        attached["precommit"].ShouldBe("relevant_files:file images:image path:git");
        attached["planner"].ShouldBe("");
        attached["consensus"].ShouldBe("relevant_files:file images:image");
    }
}

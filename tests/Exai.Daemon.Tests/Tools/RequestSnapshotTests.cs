using System.Runtime.CompilerServices;
using Exai.Protocol;

namespace Exai.Daemon.Tests.Tools;

/// <summary>The exact request that each tool sends to its model, in a file for each; EXAI_UPDATE_DOCS=1 writes them anew.</summary>
public sealed class RequestSnapshotTests
{
    [Theory]
    [InlineData("chat", """{"prompt":"Is this right?","files":["/project/src/Parser.cs"],"thinking_mode":"low","use_websearch":true}""")]
    [InlineData("thinkdeep")]
    [InlineData("debug", """{"step":"The total is one too high.","findings":"Sum() counts the header line.","hypothesis":"off by one","relevant_files":["/project/src/Parser.cs"]}""")]
    [InlineData("codereview")]
    [InlineData("analyze")]
    [InlineData("refactor")]
    [InlineData("secaudit")]
    [InlineData("testgen")]
    [InlineData("precommit")]
    [InlineData("consensus")]
    [InlineData("kimi_chat_with_files")]
    [InlineData("kimi_chat_with_tools")]
    [InlineData("glm_multi_file_chat")]
    [InlineData("smart_file_query")]
    public async Task Request_of_a_tool_is_the_one_on_file(string tool, string? arguments = null)
    {
        var sent = await WorkedExamples.RequestsAsync(tool, arguments);

        var path = Path.Combine(Folder(), tool + ".txt");
        if (Environment.GetEnvironmentVariable("EXAI_UPDATE_DOCS") == "1")
        {
            Directory.CreateDirectory(Folder());
            await File.WriteAllTextAsync(path, sent, Patience.Token());
        }

        File.Exists(path).ShouldBeTrue($"{path} is missing; run these tests with EXAI_UPDATE_DOCS=1");
        sent.ShouldBe((await File.ReadAllTextAsync(path, Patience.Token())).ReplaceLineEndings("\n"));
    }

    [Fact]
    public void Every_tool_that_asks_a_model_has_its_request_on_file()
    {
        // These four speak to a provider's services; ProviderToolTests holds their requests.
        string[] services = ["glm_web_search", "glm_upload_file", "kimi_upload_files", "kimi_manage_files"];

        Directory.GetFiles(Folder()).Select(Path.GetFileNameWithoutExtension).Order(StringComparer.Ordinal)
            .ShouldBe(ToolCatalogue.All.Where(tool => tool.AsksModel).Select(tool => tool.Name).Except(services).Order(StringComparer.Ordinal));
    }

    private static string Folder([CallerFilePath] string file = "") => Path.Combine(Path.GetDirectoryName(file)!, "Requests");
}

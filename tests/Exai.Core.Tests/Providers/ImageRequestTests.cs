using Exai.Core.Providers.OpenAiCompatible;
using Exai.Protocol;
using Microsoft.Extensions.AI;

namespace Exai.Core.Tests.Providers;

public sealed class ImageRequestTests
{
    private static readonly DataContent Png = new(new byte[] { 1, 2, 3 }, "image/png");
    private static readonly UriContent Link = new("https://example.org/A%20b.png?sig=%2F", "image/png");

    [Fact]
    public async Task Image_data_keeps_its_prefix_beside_the_text() => (await SentAsync("glm-4.6v", new TextContent("What is it?"), Png)).ShouldBe(
        """{"model":"glm-4.6v","messages":[{"role":"user","content":[{"type":"text","text":"What is it?"},{"type":"image_url","image_url":{"url":"data:image/png;base64,AQID"}}]}],"stream":true}""");

    [Theory]
    [InlineData("glm-4.6v")]
    [InlineData("glm-4v-flash")]
    [InlineData("some-model")]
    public async Task Image_link_is_sent_as_it_was_given(string model) =>
        (await SentAsync(model, new TextContent("?"), Link)).ShouldContain("""{"type":"image_url","image_url":{"url":"https://example.org/A%20b.png?sig=%2F"}}""");

    [Fact]
    public async Task Kimi_takes_its_own_file_references() =>
        (await SentAsync("kimi-k2.6", new UriContent("ms://file-1", "image/*"))).ShouldContain("""{"type":"image_url","image_url":{"url":"ms://file-1"}}""");

    [Theory]
    [InlineData("glm-4.6", ErrorCodes.InvalidArgument, "glm-4.6 takes no images. Models that do: glm-5.3-flash, glm-5v-turbo, glm-4.6v")]
    [InlineData("glm-4v-flash", ErrorCodes.InvalidArgument, "by http link only")]
    [InlineData("moonshot-v1-8k", ErrorCodes.InvalidArgument, "Models that do: kimi-k3, kimi-k2.7-code")]
    public async Task Model_that_does_not_take_image_data_is_refused_with_those_that_do(string model, string code, string words) =>
        await RefusedAsync(model, code, words, Png);

    [Fact]
    public async Task Kimi_fetches_no_links() =>
        await RefusedAsync("kimi-k2.6", ErrorCodes.InvalidArgument, "takes image data and ms:// references", Link);

    [Fact]
    public async Task Image_type_that_glm_does_not_read_is_named() =>
        await RefusedAsync("glm-4.6v", ErrorCodes.InvalidArgument, "image/webp", new DataContent(new byte[] { 1 }, "image/webp"));

    [Fact]
    public async Task Image_over_the_limit_is_too_large() => await RefusedAsync(
        "glm-4.6v", ErrorCodes.FileTooLarge, "5 MB", new DataContent(new byte[(5 * 1024 * 1024) + 1], "image/png"));

    [Fact]
    public async Task Image_of_just_the_limit_is_sent() =>
        (await SentAsync("glm-4.6v", new DataContent(new byte[5 * 1024 * 1024], "image/png"))).Length.ShouldBeGreaterThan(6_990_000);

    [Fact]
    public async Task More_images_than_one_request_takes_are_counted() =>
        await RefusedAsync("glm-4.6v", ErrorCodes.InvalidArgument, "51 images", [.. Enumerable.Repeat(Png, 51)]);

    [Fact]
    public async Task Data_that_is_no_image_is_refused_before_anything_is_sent() =>
        await RefusedAsync("glm-4.6", ErrorCodes.InvalidArgument, "application/pdf", new DataContent(new byte[] { 1 }, "application/pdf"));

    [Fact]
    public void Unknown_model_may_see() =>
        Should.NotThrow(() => new ImageRules().Check(ChatRequest.From([new ChatMessage(ChatRole.User, [Png])], Wire.Options("x")), model: null, []));

    private static Task<string> SentAsync(string model, params AIContent[] contents) =>
        Wire.RequestAsync(Wire.Options(model), [new ChatMessage(ChatRole.User, contents)]);

    private static async Task RefusedAsync(string model, string code, string words, params AIContent[] contents)
    {
        var handler = VerbatimHandler.Answering("");
        using var client = Wire.For(model, handler);

        var refused = await Should.ThrowAsync<CallException>(() => client.GetResponseAsync([new ChatMessage(ChatRole.User, contents)], Wire.Options(model)));

        (refused.Error.Code, refused.Error.Model).ShouldBe((code, model));
        refused.Message.ShouldContain(words);
        handler.Requests.ShouldBe(0);
    }
}
